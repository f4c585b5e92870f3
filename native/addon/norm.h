// Batch norm over rows of c channels, with the activation after it. Included by kernels.cc.
#pragma once
#include <cmath>

#include "parallel.h"
#include "vector.h"

namespace thaw {
namespace {

/** Rows summed in single precision, small enough to be read twice out of a near cache. */
inline int64_t rowsPerPart(int64_t c) { return most(16, least(1024, 16384 / c)); }
inline int64_t partsOf(int64_t rows, int64_t c) { return (rows + rowsPerPart(c) - 1) / rowsPerPart(c); }

/** Sums over rows of term(x) by channel, four rows at a time. */
template <class Term, class Scalar>
inline void sumRows(const float* x, int64_t rows, int64_t c, float* sums, Term term, Scalar scalar) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4, x += 4 * c) {
    int64_t i = 0;
    for (; i + lanes <= c; i += lanes)
      store(sums + i, load(sums + i) + ((term(load(x + i), i) + term(load(x + c + i), i)) +
                                        (term(load(x + 2 * c + i), i) + term(load(x + 3 * c + i), i))));
    for (; i < c; i++)
      sums[i] += (scalar(x[i], i) + scalar(x[c + i], i)) + (scalar(x[2 * c + i], i) + scalar(x[3 * c + i], i));
  }
  for (; r < rows; r++, x += c) {
    int64_t i = 0;
    for (; i + lanes <= c; i += lanes) store(sums + i, load(sums + i) + term(load(x + i), i));
    for (; i < c; i++) sums[i] += scalar(x[i], i);
  }
}

/** Each part's mean and squared deviations, joined as in Chan, Golub and LeVeque (1983), formula 2.1. */
void moments(const float* x, int64_t rows, int64_t c, float* mean, float* variance) {
  const int64_t per = rowsPerPart(c), parts = partsOf(rows, c);
  Room<float> room(2 * parts * c);
  Each(parts, [&](int64_t from, int64_t to) {
    for (int64_t k = from; k < to; k++) {
      const int64_t count = least(per, rows - k * per);
      const float* at = x + k * per * c;
      float *m = room.at + 2 * k * c, *squares = m + c;
      sumRows(at, count, c, m, [](Eight v, int64_t) { return v; }, [](float v, int64_t) { return v; });
      for (int64_t i = 0; i < c; i++) m[i] /= static_cast<float>(count);
      sumRows(
          at, count, c, squares,
          [m](Eight v, int64_t i) {
            const Eight d = v - load(m + i);
            return d * d;
          },
          [m](float v, int64_t i) { return (v - m[i]) * (v - m[i]); });
    }
  });
  Room<double> total(2 * c);
  double *means = total.at, *squares = means + c;
  double before = 0;
  for (int64_t k = 0; k < parts; k++) {
    const double count = static_cast<double>(least(per, rows - k * per)), both = before + count;
    const float *m = room.at + 2 * k * c, *s = m + c;
    for (int64_t i = 0; i < c; i++) {
      const double d = m[i] - means[i];
      means[i] += d * (count / both);
      squares[i] += s[i] + d * d * (before * count / both);
    }
    before = both;
  }
  for (int64_t i = 0; i < c; i++) {
    mean[i] = static_cast<float>(means[i]);
    variance[i] = static_cast<float>(squares[i] / static_cast<double>(rows));
  }
}

inline void scales(int64_t c, const float* gamma, const float* variance, float epsilon, float* scale) {
  for (int64_t i = 0; i < c; i++) scale[i] = gamma[i] / std::sqrt(variance[i] + epsilon);
}

void normalise(const float* x, int64_t rows, int64_t c, const float* gamma, const float* beta, const float* mean,
               const float* variance, float epsilon, Follow follow, float* y) {
  Room<float> scale(c);
  scales(c, gamma, variance, epsilon, scale.at);
  with(follow, [&](auto f) {
    Each(rows, [&, f](int64_t from, int64_t to) {
      for (int64_t r = from; r < to; r++) {
        const float* in = x + r * c;
        float* out = y + r * c;
        int64_t i = 0;
        for (; i + lanes <= c; i += lanes)
          store(out + i,
                activate<f>((load(in + i) - load(mean + i)) * load(scale.at + i) + load(beta + i)));
        for (; i < c; i++) out[i] = activate<f>((in[i] - mean[i]) * scale.at[i] + beta[i]);
      }
    });
  });
}

/** Sums by channel of dy where it passed, and of that times x - mean, over rows of one part. */
template <Follow F>
inline void gradientSums(const float* x, const float* dy, int64_t rows, int64_t c, const float* mean,
                         const float* scale, const float* beta, float* sums, float* products) {
  for (int64_t r = 0; r < rows; r++, x += c, dy += c) {
    int64_t i = 0;
    for (; i + lanes <= c; i += lanes) {
      const Eight d = load(x + i) - load(mean + i);
      const Eight g = pass<F>(d * load(scale + i) + load(beta + i), load(dy + i));
      store(sums + i, load(sums + i) + g);
      store(products + i, load(products + i) + g * d);
    }
    for (; i < c; i++) {
      const float d = x[i] - mean[i], g = pass<F>(d * scale[i] + beta[i], dy[i]);
      sums[i] += g;
      products[i] += g * d;
    }
  }
}

/**
 * Ioffe and Szegedy 2015, section 3, with g = dy where the activation let its input through, d = x - mean:
 * dx = scale (g - sum(g) / n - d sum(g d) / (n (variance + epsilon))); on running statistics scale g alone.
 */
void normGradient(const float* x, const float* dy, int64_t rows, int64_t c, const float* gamma, const float* beta,
                  const float* mean, const float* variance, float epsilon, Follow follow, bool training, float* dx,
                  float* dGamma, float* dBeta) {
  Room<float> vectors(3 * c);
  float *scale = vectors.at, *slope = scale + c, *level = slope + c;
  scales(c, gamma, variance, epsilon, scale);
  if (training || dGamma) {
    const int64_t per = rowsPerPart(c), parts = partsOf(rows, c);
    Room<float> room(2 * parts * c);
    with(follow, [&](auto f) {
      Each(parts, [&, f](int64_t from, int64_t to) {
        for (int64_t k = from; k < to; k++)
          gradientSums<f>(x + k * per * c, dy + k * per * c, least(per, rows - k * per), c, mean, scale, beta,
                          room.at + 2 * k * c, room.at + (2 * k + 1) * c);
      });
    });
    for (int64_t i = 0; i < c; i++) {
      double sum = 0, product = 0;
      for (int64_t k = 0; k < parts; k++) {
        sum += room.at[2 * k * c + i];
        product += room.at[(2 * k + 1) * c + i];
      }
      const double root = std::sqrt(static_cast<double>(variance[i]) + epsilon);
      if (dGamma) dGamma[i] = static_cast<float>(product / root);
      if (dBeta) dBeta[i] = static_cast<float>(sum);
      const double n = static_cast<double>(rows);
      slope[i] = training ? static_cast<float>(-(product / n) / (root * root)) : 0;
      level[i] = training ? static_cast<float>(-(sum / n)) : 0;
    }
  }
  if (!dx) return;
  with(follow, [&](auto f) {
    Each(rows, [&, f](int64_t from, int64_t to) {
      for (int64_t r = from; r < to; r++) {
        const float *in = x + r * c, *back = dy + r * c;
        float* out = dx + r * c;
        int64_t i = 0;
        for (; i + lanes <= c; i += lanes) {
          const Eight d = load(in + i) - load(mean + i), s = load(scale + i);
          const Eight g = pass<f>(d * s + load(beta + i), load(back + i));
          store(out + i, s * (g + (d * load(slope + i) + load(level + i))));
        }
        for (; i < c; i++) {
          const float d = in[i] - mean[i], g = pass<f>(d * scale[i] + beta[i], back[i]);
          out[i] = scale[i] * (g + (d * slope[i] + level[i]));
        }
      }
    });
  });
}

void shift(const float* x, int64_t rows, int64_t c, const float* bias, Follow follow, float* y) {
  Room<float> zeros(bias ? 0 : c);
  const float* b = bias ? bias : zeros.at;
  with(follow, [&](auto f) {
    Each(rows, [&, f](int64_t from, int64_t to) {
      for (int64_t r = from; r < to; r++) {
        const float* in = x + r * c;
        float* out = y + r * c;
        int64_t i = 0;
        for (; i + lanes <= c; i += lanes) store(out + i, activate<f>(load(in + i) + load(b + i)));
        for (; i < c; i++) out[i] = activate<f>(in[i] + b[i]);
      }
    });
  });
}

}  // namespace
}  // namespace thaw
