// Depthwise convolution, one multiplier, any strides, padding and dilation. Included by kernels.cc.
#pragma once
#include "parallel.h"
#include "vector.h"

namespace thaw {
namespace {

/** Channels held in registers at a time. */
constexpr int64_t block = 4 * lanes;

/** Taps that lie inside of the image, for each output along one axis: a division per output, not per pixel. */
struct Taps {
  Room<int32_t> room;
  Taps(int64_t outputs, int64_t stride, int64_t before, int64_t dilation, int64_t taps, int64_t length)
      : room(2 * outputs) {
    for (int64_t o = 0; o < outputs; o++) {
      const int64_t at = o * stride - before;
      room.at[2 * o] = static_cast<int32_t>(at < 0 ? (-at + dilation - 1) / dilation : 0);
      room.at[2 * o + 1] =
          static_cast<int32_t>(at >= length ? 0 : least(taps, (length - at + dilation - 1) / dilation));
    }
  }
  int64_t from(int64_t o) const { return room.at[2 * o]; }
  int64_t to(int64_t o) const { return room.at[2 * o + 1]; }
};

struct Reads {
  Taps rows, columns;
  explicit Reads(const Window& a)
      : rows(a.oh, a.sh, a.top, a.dh, a.kh, a.h), columns(a.ow, a.sw, a.left, a.dw, a.kw, a.w) {}
};

/** sum over taps of x times k for `B` vectors of channels. */
template <int B, Follow F>
inline void pixel(const Window& a, const Reads& reads, const float* image, const float* k, const float* bias, int64_t oy, int64_t ox,
                  float* out) {
  Several<B> sum{};
  if (bias) sum = Several<B>::load(bias);
  const int64_t y = oy * a.sh - a.top, x = ox * a.sw - a.left;
  for (int64_t ky = reads.rows.from(oy); ky < reads.rows.to(oy); ky++)
    for (int64_t kx = reads.columns.from(ox); kx < reads.columns.to(ox); kx++) {
      const float* in = image + ((y + ky * a.dh) * a.w + x + kx * a.dw) * a.c;
      const float* tap = k + (ky * a.kw + kx) * a.c;
      sum.add(in, tap);
    }
  sum.store(out, [](Eight v) { return activate<F>(v); });
}

template <Follow F>
inline void pixelOfOne(const Window& a, const Reads& reads, const float* image, const float* k, const float* bias, int64_t oy,
                       int64_t ox, float* out) {
  float sum = bias ? *bias : 0;
  const int64_t y = oy * a.sh - a.top, x = ox * a.sw - a.left;
  for (int64_t ky = reads.rows.from(oy); ky < reads.rows.to(oy); ky++)
    for (int64_t kx = reads.columns.from(ox); kx < reads.columns.to(ox); kx++)
      sum += image[((y + ky * a.dh) * a.w + x + kx * a.dw) * a.c] * k[(ky * a.kw + kx) * a.c];
  *out = activate<F>(sum);
}

void depthwise(const Window& a, const float* x, const float* k, const float* bias, Follow follow, float* y) {
  const Reads reads(a);
  with(follow, [&](auto f) {
    Each(a.n * a.oh, [&, f](int64_t from, int64_t to) {
      for (int64_t row = from; row < to; row++) {
        const int64_t oy = row % a.oh;
        const float* image = x + row / a.oh * a.h * a.w * a.c;
        float* line = y + row * a.ow * a.c;
        int64_t c = 0;
        const auto beside = [&](int64_t i) { return bias ? bias + i : nullptr; };
        for (; c + block <= a.c; c += block)
          for (int64_t ox = 0; ox < a.ow; ox++)
            pixel<4, f>(a, reads, image + c, k + c, beside(c), oy, ox, line + ox * a.c + c);
        for (; c + lanes <= a.c; c += lanes)
          for (int64_t ox = 0; ox < a.ow; ox++)
            pixel<1, f>(a, reads, image + c, k + c, beside(c), oy, ox, line + ox * a.c + c);
        for (; c < a.c; c++)
          for (int64_t ox = 0; ox < a.ow; ox++)
            pixelOfOne<f>(a, reads, image + c, k + c, beside(c), oy, ox, line + ox * a.c + c);
      }
    });
  });
}

/** Output that an input (padding added) feeds under each tap along one axis, or -1. */
struct Feeds {
  const int64_t taps;
  Room<int32_t> room;
  Feeds(int64_t inputs, int64_t before, int64_t taps, int64_t dilation, int64_t stride, int64_t outputs)
      : taps(taps), room(inputs * taps) {
    for (int64_t i = 0; i < inputs; i++)
      for (int64_t k = 0; k < taps; k++) {
        const int64_t moved = i + before - k * dilation;
        const bool feeds = moved >= 0 && moved % stride == 0 && moved / stride < outputs;
        room.at[i * taps + k] = feeds ? static_cast<int32_t>(moved / stride) : -1;
      }
  }
  int64_t at(int64_t i, int64_t k) const { return room.at[i * taps + k]; }
};

struct Writes {
  Feeds rows, columns;
  explicit Writes(const Window& a)
      : rows(a.h, a.top, a.kh, a.dh, a.sh, a.oh), columns(a.w, a.left, a.kw, a.dw, a.sw, a.ow) {}
};

template <int B>
inline void pixelBack(const Window& a, const Writes& writes, const float* dy, const float* k, int64_t iy, int64_t ix, float* out) {
  Several<B> sum{};
  for (int64_t ky = 0; ky < a.kh; ky++) {
    const int64_t oy = writes.rows.at(iy, ky);
    if (oy < 0) continue;
    for (int64_t kx = 0; kx < a.kw; kx++) {
      const int64_t ox = writes.columns.at(ix, kx);
      if (ox < 0) continue;
      const float *from = dy + (oy * a.ow + ox) * a.c, *tap = k + (ky * a.kw + kx) * a.c;
      sum.add(from, tap);
    }
  }
  sum.store(out, same);
}

inline void pixelBackOfOne(const Window& a, const Writes& writes, const float* dy, const float* k, int64_t iy, int64_t ix, float* out) {
  float sum = 0;
  for (int64_t ky = 0; ky < a.kh; ky++) {
    const int64_t oy = writes.rows.at(iy, ky);
    for (int64_t kx = 0; oy >= 0 && kx < a.kw; kx++) {
      const int64_t ox = writes.columns.at(ix, kx);
      if (ox >= 0) sum += dy[(oy * a.ow + ox) * a.c] * k[(ky * a.kw + kx) * a.c];
    }
  }
  *out = sum;
}

void depthwiseInput(const Window& a, const float* dy, const float* k, float* dx) {
  const Writes writes(a);
  Each(a.n * a.h, [&](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) {
      const int64_t iy = row % a.h;
      const float* image = dy + row / a.h * a.oh * a.ow * a.c;
      float* line = dx + row * a.w * a.c;
      int64_t c = 0;
      for (; c + block <= a.c; c += block)
        for (int64_t ix = 0; ix < a.w; ix++) pixelBack<4>(a, writes, image + c, k + c, iy, ix, line + ix * a.c + c);
      for (; c + lanes <= a.c; c += lanes)
        for (int64_t ix = 0; ix < a.w; ix++) pixelBack<1>(a, writes, image + c, k + c, iy, ix, line + ix * a.c + c);
      for (; c < a.c; c++)
        for (int64_t ix = 0; ix < a.w; ix++) pixelBackOfOne(a, writes, image + c, k + c, iy, ix, line + ix * a.c + c);
    }
  });
}

/** First and last (exclusive) output column that tap kx reads inside of the image. */
struct Reach {
  int64_t from, to;
  Reach(int64_t offset, int64_t stride, int64_t length, int64_t outputs)
      : from(offset < 0 ? (-offset + stride - 1) / stride : 0),
        to(offset >= length ? 0 : least(outputs, (length - offset + stride - 1) / stride)) {}
};

template <int B>
inline void filterTap(const Window& a, const Reach& reach, const float* in, const float* dy, float* to) {
  Several<B> sum = Several<B>::load(to);
  const int64_t step = a.sw * a.c;
  for (int64_t ox = reach.from; ox < reach.to; ox++) sum.add(in + ox * step, dy + ox * a.c);
  sum.store(to, same);
}

/** One output row's part of the filter's gradient. */
inline void filterRow(const Window& a, const float* image, const float* dy, int64_t oy, float* sums) {
  for (int64_t ky = 0; ky < a.kh; ky++) {
    const int64_t iy = oy * a.sh - a.top + ky * a.dh;
    if (iy < 0 || iy >= a.h) continue;
    for (int64_t kx = 0; kx < a.kw; kx++) {
      const int64_t offset = kx * a.dw - a.left;
      const Reach reach(offset, a.sw, a.w, a.ow);
      const float* in = image + (iy * a.w + offset) * a.c;
      float* to = sums + (ky * a.kw + kx) * a.c;
      int64_t c = 0;
      for (; c + block <= a.c; c += block) filterTap<4>(a, reach, in + c, dy + c, to + c);
      for (; c + lanes <= a.c; c += lanes) filterTap<1>(a, reach, in + c, dy + c, to + c);
      for (; c < a.c; c++)
        for (int64_t ox = reach.from; ox < reach.to; ox++) to[c] += in[ox * a.sw * a.c + c] * dy[ox * a.c + c];
    }
  }
}

/** Parts of some rows of one image each, added in order. */
void depthwiseFilter(const Window& a, const float* x, const float* dy, float* dk) {
  constexpr int64_t rows = 16;
  const int64_t perImage = (a.oh + rows - 1) / rows, parts = a.n * perImage, size = a.kh * a.kw * a.c;
  Room<float> room(parts * size);
  Each(parts, [&](int64_t from, int64_t to) {
    for (int64_t part = from; part < to; part++) {
      const int64_t n = part / perImage, first = part % perImage * rows;
      for (int64_t oy = first; oy < least(first + rows, a.oh); oy++)
        filterRow(a, x + n * a.h * a.w * a.c, dy + (n * a.oh + oy) * a.ow * a.c, oy, room.at + part * size);
    }
  });
  for (int64_t i = 0; i < size; i++) {
    double sum = 0;
    for (int64_t part = 0; part < parts; part++) sum += room.at[part * size + i];
    dk[i] = static_cast<float>(sum);
  }
}

}  // namespace
}  // namespace thaw
