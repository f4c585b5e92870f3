// Training kernels for the wasm back end, on the heap of tfjs's own module. NHWC, float32, one thread.
// Built by build.mjs into kernels.ts. No data segment, no libc: the memory belongs to tfjs, and the shadow stack
// lies in a block that the loader allocates there.
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define LINEAR 0
#define RELU 1
#define RELU6 2
// Rows summed in registers or scratch before they are added to the total: keeps float32 sums near 1e-6.
#define BLOCK 128

typedef v128_t v;
static inline v ld(const float *p) { return wasm_v128_load(p); }
static inline void st(float *p, v x) { wasm_v128_store(p, x); }
static inline v mul(v a, v b) { return wasm_f32x4_mul(a, b); }
static inline v add(v a, v b) { return wasm_f32x4_add(a, b); }
static inline v splat(float x) { return wasm_f32x4_splat(x); }

static inline v activate(v z, int act) {
  if (act == LINEAR) return z;
  z = wasm_f32x4_max(z, splat(0));
  return act == RELU6 ? wasm_f32x4_min(z, splat(6)) : z;
}
static inline float activate1(float z, int act) {
  if (act == LINEAR) return z;
  z = z < 0 ? 0 : z;
  return act == RELU6 && z > 6 ? 6 : z;
}
// dy where the activation passes z on, else 0; NaN in z blocks, NaN in dy shows.
static inline v pass(v z, v dy, int act) {
  if (act == LINEAR) return dy;
  v m = wasm_f32x4_gt(z, splat(0));
  if (act == RELU6) m = wasm_v128_and(m, wasm_f32x4_lt(z, splat(6)));
  return wasm_v128_and(dy, m);
}
static inline float pass1(float z, float dy, int act) {
  if (act == LINEAR) return dy;
  return z > 0 && (act == RELU || z < 6) ? dy : 0;
}

// ---- per channel -------------------------------------------------------------------------------------------------

#define AFFINE(ACT)                                                                                                \
  for (int r = 0; r < rows; r++, x += c, y += c) {                                                                 \
    int i = 0;                                                                                                     \
    for (; i + 4 <= c; i += 4) st(y + i, activate(add(mul(ld(x + i), ld(scale + i)), ld(shift + i)), ACT));        \
    for (; i < c; i++) y[i] = activate1(x[i] * scale[i] + shift[i], ACT);                                          \
  }

EXPORT(affine)
void affine(const float *x, const float *scale, const float *shift, float *y, int rows, int c, int act) {
  if (act == LINEAR) { AFFINE(LINEAR) }
  else if (act == RELU) { AFFINE(RELU) }
  else { AFFINE(RELU6) }
}

static __attribute__((noinline)) void zero(float *p, int n) {
  for (int i = 0; i < n; i++) p[i] = 0;
}

static __attribute__((noinline)) void add_to(float *total, float *part, int n) {
  for (int i = 0; i < n; i++) { total[i] += part[i]; part[i] = 0; }
}

// dx = pass(dy) scale; dscale = sum pass(dy) x; dshift = sum pass(dy). dx may be 0, dscale and dshift both 0.
// scratch [2 c].
static inline __attribute__((always_inline)) void affine_gradient_as(
    const float *x, const float *scale, const float *shift, const float *dy, float *dx, float *dscale, float *dshift,
    float *scratch, int rows, int c, const int act, const int want_x, const int want_vectors) {
  float *ps = scratch, *pt = scratch + c;
  if (want_vectors) { zero(scratch, 2 * c); zero(dscale, c); zero(dshift, c); }
  for (int from = 0; from < rows; from += BLOCK) {
    int to = from + BLOCK < rows ? from + BLOCK : rows;
    int r = from;
    for (; r + 4 <= to; r += 4) {
      const float *x0 = x + (uint32_t)r * c, *d0 = dy + (uint32_t)r * c;
      float *o0 = dx + (uint32_t)r * c;
      int i = 0;
      for (; i + 4 <= c; i += 4) {
        v s = ld(scale + i), t = act == LINEAR ? s : ld(shift + i);
        v as = want_vectors ? ld(ps + i) : s, at = want_vectors ? ld(pt + i) : s;
        for (int k = 0; k < 4; k++) {
          v xv = act == LINEAR && !want_vectors ? s : ld(x0 + k * c + i);
          v d = ld(d0 + k * c + i);
          if (act != LINEAR) d = pass(add(mul(xv, s), t), d, act);
          if (want_vectors) { as = add(as, mul(d, xv)); at = add(at, d); }
          if (want_x) st(o0 + k * c + i, mul(d, s));
        }
        if (want_vectors) { st(ps + i, as); st(pt + i, at); }
      }
      for (; i < c; i++)
        for (int k = 0; k < 4; k++) {
          float xv = x0[k * c + i], d = pass1(xv * scale[i] + shift[i], d0[k * c + i], act);
          if (want_vectors) { ps[i] += d * xv; pt[i] += d; }
          if (want_x) o0[k * c + i] = d * scale[i];
        }
    }
    for (; r < to; r++) {
      const float *x0 = x + (uint32_t)r * c, *d0 = dy + (uint32_t)r * c;
      for (int i = 0; i < c; i++) {
        float d = pass1(x0[i] * scale[i] + shift[i], d0[i], act);
        if (want_vectors) { ps[i] += d * x0[i]; pt[i] += d; }
        if (want_x) dx[(uint32_t)r * c + i] = d * scale[i];
      }
    }
    if (want_vectors) { add_to(dscale, ps, c); add_to(dshift, pt, c); }
  }
}

EXPORT(affine_gradient)
void affine_gradient(const float *x, const float *scale, const float *shift, const float *dy, float *dx, float *dscale,
                     float *dshift, float *scratch, int rows, int c, int act) {
#define AS(ACT)                                                                                                    \
  if (dx && dscale) affine_gradient_as(x, scale, shift, dy, dx, dscale, dshift, scratch, rows, c, ACT, 1, 1);      \
  else if (dx) affine_gradient_as(x, scale, shift, dy, dx, dscale, dshift, scratch, rows, c, ACT, 1, 0);           \
  else affine_gradient_as(x, scale, shift, dy, dx, dscale, dshift, scratch, rows, c, ACT, 0, 1);
  if (act == LINEAR) { AS(LINEAR) }
  else if (act == RELU) { AS(RELU) }
  else { AS(RELU6) }
}

// Backward pass of affine_gradient, from gx [rows, c] that came back to its dx (or 0) and gs, gt [c] to its dscale and
// dshift (or both 0): by_dy = pass(gx scale + gs x + gt), by_x = pass(dy) gs, by_scale = sum pass(dy) gx; each may be 0.
// What lies behind the activation's steps has no derivative. scratch [c].
EXPORT(affine_second)
void affine_second(const float *x, const float *scale, const float *shift, const float *dy, const float *gx,
                   const float *gs, const float *gt, float *by_dy, float *by_x, float *by_scale, float *scratch,
                   int rows, int c, int act) {
  if (by_scale) { zero(scratch, c); zero(by_scale, c); }
  for (int from = 0; from < rows; from += BLOCK) {
    int to = from + BLOCK < rows ? from + BLOCK : rows;
    for (int r = from; r < to; r++) {
      uint32_t row = (uint32_t)r * c;
      int i = 0;
#pragma clang loop unroll(disable)
      for (; i + 4 <= c; i += 4) {
        uint32_t at = row + i;
        v xv = ld(x + at), s = ld(scale + i), z = add(mul(xv, s), ld(shift + i));
        if (by_dy) {
          v t = gx ? mul(ld(gx + at), s) : splat(0);
          if (gs) t = add(t, add(mul(ld(gs + i), xv), ld(gt + i)));
          st(by_dy + at, pass(z, t, act));
        }
        v d = pass(z, ld(dy + at), act);
        if (by_x) st(by_x + at, mul(d, ld(gs + i)));
        if (by_scale) st(scratch + i, add(ld(scratch + i), mul(d, ld(gx + at))));
      }
#pragma clang loop unroll(disable) vectorize(disable)
      for (; i < c; i++) {
        uint32_t at = row + i;
        float z = x[at] * scale[i] + shift[i], t = (gx ? gx[at] * scale[i] : 0) + (gs ? gs[i] * x[at] + gt[i] : 0);
        float d = pass1(z, dy[at], act);
        if (by_dy) by_dy[at] = pass1(z, t, act);
        if (by_x) by_x[at] = d * gs[i];
        if (by_scale) scratch[i] += d * gx[at];
      }
    }
    if (by_scale) add_to(by_scale, scratch, c);
  }
}

// out[c] = sum of a, of a b, or of (a - center)^2, over rows; scratch [c].
#define SUM_ROWS(VECTOR, SCALAR)                                                                                   \
  zero(scratch, c);                                                                                                \
  zero(out, c);                                                                                                    \
  for (int from = 0; from < rows; from += BLOCK) {                                                                 \
    int to = from + BLOCK < rows ? from + BLOCK : rows;                                                            \
    int r = from;                                                                                                  \
    for (; r + 4 <= to; r += 4) {                                                                                  \
      int i = 0;                                                                                                   \
      for (; i + 4 <= c; i += 4) {                                                                                 \
        v s = ld(scratch + i);                                                                                     \
        for (int k = 0; k < 4; k++) { uint32_t at = (uint32_t)(r + k) * c + i; s = add(s, VECTOR); }               \
        st(scratch + i, s);                                                                                        \
      }                                                                                                            \
      for (; i < c; i++)                                                                                           \
        for (int k = 0; k < 4; k++) { uint32_t at = (uint32_t)(r + k) * c + i; scratch[i] += SCALAR; }             \
    }                                                                                                              \
    for (; r < to; r++)                                                                                            \
      for (int i = 0; i < c; i++) { uint32_t at = (uint32_t)r * c + i; scratch[i] += SCALAR; }                     \
    add_to(out, scratch, c);                                                                                       \
  }

EXPORT(channel_sum)
void channel_sum(const float *a, float *out, float *scratch, int rows, int c) { SUM_ROWS(ld(a + at), a[at]) }

EXPORT(channel_dot)
void channel_dot(const float *a, const float *b, float *out, float *scratch, int rows, int c) {
  SUM_ROWS(mul(ld(a + at), ld(b + at)), a[at] * b[at])
}

EXPORT(channel_moments)
void channel_moments(const float *a, float *mean, float *variance, float *scratch, int rows, int c) {
  channel_sum(a, mean, scratch, rows, c);
  for (int i = 0; i < c; i++) mean[i] /= rows;
  float *out = variance;
#define CENTERED wasm_f32x4_sub(ld(a + at), ld(mean + i))
  SUM_ROWS(mul(CENTERED, CENTERED), (a[at] - mean[i]) * (a[at] - mean[i]))
  for (int i = 0; i < c; i++) variance[i] /= rows;
}

// ---- elementwise -------------------------------------------------------------------------------------------------

// y = f(x): relu, relu6, and leaky relu for kind 3. (tfjs's own relu6 turns NaN into 0.)
EXPORT(activation)
void activation(const float *x, float *y, uint32_t n, int kind, float alpha) {
  uint32_t i = 0;
  if (kind == 3) {
    for (; i + 4 <= n; i += 4) {
      v z = ld(x + i);
      st(y + i, wasm_v128_bitselect(mul(z, splat(alpha)), z, wasm_f32x4_lt(z, splat(0))));
    }
    for (; i < n; i++) y[i] = x[i] < 0 ? x[i] * alpha : x[i];
  } else {
    for (; i + 4 <= n; i += 4) st(y + i, activate(ld(x + i), kind));
    for (; i < n; i++) y[i] = activate1(x[i], kind);
  }
}

// dx = dy f'(x), kinds as above.
EXPORT(activation_gradient)
void activation_gradient(const float *x, const float *dy, float *dx, uint32_t n, int kind, float alpha) {
  uint32_t i = 0;
  if (kind == 3) {
    for (; i + 4 <= n; i += 4) {
      v d = ld(dy + i);
      st(dx + i, wasm_v128_bitselect(d, mul(d, splat(alpha)), wasm_f32x4_gt(ld(x + i), splat(0))));
    }
    for (; i < n; i++) dx[i] = x[i] > 0 ? dy[i] : dy[i] * alpha;
  } else if (kind == RELU) {
    for (; i + 4 <= n; i += 4) st(dx + i, pass(ld(x + i), ld(dy + i), RELU));
    for (; i < n; i++) dx[i] = pass1(x[i], dy[i], RELU);
  } else {
    for (; i + 4 <= n; i += 4) st(dx + i, pass(ld(x + i), ld(dy + i), RELU6));
    for (; i < n; i++) dx[i] = pass1(x[i], dy[i], RELU6);
  }
}

// ---- matrices ----------------------------------------------------------------------------------------------------

// c[m, n] += a^T b for a [rows, m] and b [rows, n], rows <= BLOCK. scratch [4 BLOCK].
static void add_transposed_product(const float *a, int lda, const float *b, int ldb, float *c, int rows, int m, int n,
                                   float *scratch) {
  for (int i = 0; i < m; i += 4) {
    int ni = m - i < 4 ? m - i : 4;
    // four columns of a side by side: strides of a power of two would fall on few lines of the cache
    if (ni == 4)
      for (int r = 0; r < rows; r++) st(scratch + 4 * r, ld(a + r * lda + i));
    else
      for (int r = 0; r < rows; r++)
        for (int k = 0; k < 4; k++) scratch[4 * r + k] = k < ni ? a[r * lda + i + k] : 0;
    int j = 0;
    for (; j + 8 <= n; j += 8) {
      v z = splat(0);
      v c00 = z, c01 = z, c10 = z, c11 = z, c20 = z, c21 = z, c30 = z, c31 = z;
      const float *p = scratch, *q = b + j;
      for (int r = 0; r < rows; r++, p += 4, q += ldb) {
        v b0 = ld(q), b1 = ld(q + 4);
        v a0 = wasm_v128_load32_splat(p), a1 = wasm_v128_load32_splat(p + 1);
        v a2 = wasm_v128_load32_splat(p + 2), a3 = wasm_v128_load32_splat(p + 3);
        c00 = add(c00, mul(a0, b0)); c01 = add(c01, mul(a0, b1));
        c10 = add(c10, mul(a1, b0)); c11 = add(c11, mul(a1, b1));
        c20 = add(c20, mul(a2, b0)); c21 = add(c21, mul(a2, b1));
        c30 = add(c30, mul(a3, b0)); c31 = add(c31, mul(a3, b1));
      }
      float *o = c + i * n + j;
      st(o, add(ld(o), c00)); st(o + 4, add(ld(o + 4), c01));
      if (ni > 1) { o += n; st(o, add(ld(o), c10)); st(o + 4, add(ld(o + 4), c11)); }
      if (ni > 2) { o += n; st(o, add(ld(o), c20)); st(o + 4, add(ld(o + 4), c21)); }
      if (ni > 3) { o += n; st(o, add(ld(o), c30)); st(o + 4, add(ld(o + 4), c31)); }
    }
    for (; j + 4 <= n; j += 4) {
      v z = splat(0);
      v c0 = z, c1 = z, c2 = z, c3 = z;
      const float *p = scratch, *q = b + j;
      for (int r = 0; r < rows; r++, p += 4, q += ldb) {
        v b0 = ld(q);
        c0 = add(c0, mul(wasm_v128_load32_splat(p), b0));
        c1 = add(c1, mul(wasm_v128_load32_splat(p + 1), b0));
        c2 = add(c2, mul(wasm_v128_load32_splat(p + 2), b0));
        c3 = add(c3, mul(wasm_v128_load32_splat(p + 3), b0));
      }
      float *o = c + i * n + j;
      st(o, add(ld(o), c0));
      if (ni > 1) st(o + n, add(ld(o + n), c1));
      if (ni > 2) st(o + 2 * n, add(ld(o + 2 * n), c2));
      if (ni > 3) st(o + 3 * n, add(ld(o + 3 * n), c3));
    }
    for (; j < n; j++) {
      v s = splat(0);
      const float *p = scratch, *q = b + j;
      for (int r = 0; r < rows; r++, p += 4, q += ldb) s = add(s, mul(ld(p), wasm_v128_load32_splat(q)));
      float part[4];
      st(part, s);
      for (int k = 0; k < ni; k++) c[(i + k) * n + j] += part[k];
    }
  }
}

// c [m, n] = a^T b; a [rows, m], b [rows, n]; scratch [4 BLOCK].
EXPORT(transposed_product)
void transposed_product(const float *a, const float *b, float *c, float *scratch, int rows, int m, int n) {
  zero(c, m * n);
  for (int r = 0; r < rows; r += BLOCK)
    add_transposed_product(a + (uint32_t)r * m, m, b + (uint32_t)r * n, n, c, rows - r < BLOCK ? rows - r : BLOCK, m, n,
                           scratch);
}

typedef struct {
  int n, h, w, c, kh, kw, sh, sw, pt, pl, ho, wo;
} Shape;

// Filter gradient: for each block of output pixels the patches they see, side by side, then patches^T dy.
// dw [kh, kw, c, out]; scratch [4 BLOCK + BLOCK patch], patch = all taps when `together`, else c.
EXPORT(conv_filter)
void conv_filter(const float *x, const float *dy, float *dw, float *scratch, const Shape *s, int out, int together) {
  int c = s->c, taps = s->kh * s->kw, pixels = s->n * s->ho * s->wo;
  float *patches = scratch + 4 * BLOCK;
  int group = together ? taps : 1, width = group * c;
  zero(dw, taps * c * out);
  for (int from = 0; from < pixels; from += BLOCK) {
    int rows = pixels - from < BLOCK ? pixels - from : BLOCK;
    for (int tap = 0; tap < taps; tap += group) {
      int n = from / (s->ho * s->wo), rest = from % (s->ho * s->wo), oh = rest / s->wo, ow = rest % s->wo;
      float *p = patches;
      for (int r = 0; r < rows; r++) {
        for (int t = tap; t < tap + group; t++, p += c) {
          int ih = oh * s->sh - s->pt + t / s->kw, iw = ow * s->sw - s->pl + t % s->kw;
          if (ih < 0 || ih >= s->h || iw < 0 || iw >= s->w) {
            zero(p, c);
            continue;
          }
          const float *q = x + (((uint32_t)n * s->h + ih) * s->w + iw) * c;
          int i = 0;
          for (; i + 4 <= c; i += 4) st(p + i, ld(q + i));
          for (; i < c; i++) p[i] = q[i];
        }
        if (++ow == s->wo) {
          ow = 0;
          if (++oh == s->ho) { oh = 0; n++; }
        }
      }
      add_transposed_product(patches, width, dy + (uint32_t)from * out, out, dw + tap * c * out, rows, width, out,
                             scratch);
    }
  }
}

// out [kh, kw, n, m] = w [kh, kw, m, n] turned by 180 degrees and transposed, for the gradient by the input.
EXPORT(turn_filter)
void turn_filter(const float *w, float *out, int taps, int m, int n) {
  for (int t = 0; t < taps; t++, w += m * n) {
    float *o = out + (taps - 1 - t) * m * n;
    for (int i = 0; i < m; i += 8)
      for (int j = 0; j < n; j++)
        for (int k = i; k < m && k < i + 8; k++) o[j * m + k] = w[k * n + j];
  }
}

// ---- depthwise ---------------------------------------------------------------------------------------------------

// o[c] = sum over taps of a[offset] w[tap], taps given as offsets.
static inline void sum_taps(const float *a, const float *w, float *o, int c, int count, const uint32_t *ao,
                            const uint32_t *wo) {
  int i = 0;
  for (; i + 16 <= c; i += 16) {
    v s0 = splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (int k = 0; k < count; k++) {
      const float *p = a + ao[k] + i, *q = w + wo[k] + i;
      s0 = add(s0, mul(ld(p), ld(q)));
      s1 = add(s1, mul(ld(p + 4), ld(q + 4)));
      s2 = add(s2, mul(ld(p + 8), ld(q + 8)));
      s3 = add(s3, mul(ld(p + 12), ld(q + 12)));
    }
    st(o + i, s0); st(o + i + 4, s1); st(o + i + 8, s2); st(o + i + 12, s3);
  }
  for (; i + 4 <= c; i += 4) {
    v s = splat(0);
    for (int k = 0; k < count; k++) s = add(s, mul(ld(a + ao[k] + i), ld(w + wo[k] + i)));
    st(o + i, s);
  }
  for (; i < c; i++) {
    float s = 0;
    for (int k = 0; k < count; k++) s += a[ao[k] + i] * w[wo[k] + i];
    o[i] = s;
  }
}

// y [n, ho, wo, c] of x and w [kh, kw, c]. offsets [2 kh kw].
EXPORT(depthwise)
void depthwise(const float *x, const float *w, float *y, uint32_t *offsets, const Shape *s) {
  int c = s->c;
  uint32_t *ao = offsets, *wo = offsets + s->kh * s->kw;
  for (int n = 0; n < s->n; n++)
    for (int oh = 0; oh < s->ho; oh++)
      for (int ow = 0; ow < s->wo; ow++, y += c) {
        int count = 0;
        for (int i = 0; i < s->kh; i++) {
          int ih = oh * s->sh - s->pt + i;
          if (ih < 0 || ih >= s->h) continue;
          for (int j = 0; j < s->kw; j++) {
            int iw = ow * s->sw - s->pl + j;
            if (iw < 0 || iw >= s->w) continue;
            ao[count] = (((uint32_t)n * s->h + ih) * s->w + iw) * c;
            wo[count++] = (i * s->kw + j) * c;
          }
        }
        sum_taps(x, w, y, c, count, ao, wo);
      }
}

// Gradient by x.
EXPORT(depthwise_input)
void depthwise_input(const float *dy, const float *w, float *dx, uint32_t *offsets, const Shape *s) {
  int c = s->c;
  uint32_t *ao = offsets, *wo = offsets + s->kh * s->kw;
  for (int n = 0; n < s->n; n++)
    for (int ih = 0; ih < s->h; ih++)
      for (int iw = 0; iw < s->w; iw++, dx += c) {
        int count = 0;
        for (int i = 0; i < s->kh; i++) {
          int up = ih + s->pt - i;
          if (up < 0 || up % s->sh || up / s->sh >= s->ho) continue;
          for (int j = 0; j < s->kw; j++) {
            int left = iw + s->pl - j;
            if (left < 0 || left % s->sw || left / s->sw >= s->wo) continue;
            ao[count] = (((uint32_t)n * s->ho + up / s->sh) * s->wo + left / s->sw) * c;
            wo[count++] = (i * s->kw + j) * c;
          }
        }
        sum_taps(dy, w, dx, c, count, ao, wo);
      }
}

// One kernel row of the filter gradient for `width` (4 or 8) channels of one image: KW sums in registers.
#define ROW(KW, LANES)                                                                                             \
  static void filter_row_##KW##_##LANES(const float *x, const float *dy, float *dw, const Shape *s, int i) {       \
    int c = s->c;                                                                                                  \
    v a[KW][LANES];                                                                                                \
    for (int j = 0; j < KW; j++)                                                                                   \
      for (int l = 0; l < LANES; l++) a[j][l] = splat(0);                                                          \
    int lo = (s->pl + s->sw - 1) / s->sw, hi = s->w + s->pl < KW ? 0 : (s->w + s->pl - KW) / s->sw + 1;            \
    if (lo > s->wo) lo = s->wo;                                                                                    \
    if (hi > s->wo) hi = s->wo;                                                                                    \
    if (hi < lo) hi = lo;                                                                                          \
    for (int oh = 0; oh < s->ho; oh++) {                                                                           \
      int ih = oh * s->sh - s->pt + i;                                                                             \
      if (ih < 0 || ih >= s->h) continue;                                                                          \
      const float *row = x + (uint32_t)ih * s->w * c, *d = dy + (uint32_t)oh * s->wo * c;                          \
      for (int ow = lo; ow < hi; ow++) {                                                                           \
        const float *p = row + (ow * s->sw - s->pl) * c, *q = d + ow * c;                                          \
        v g[LANES];                                                                                                \
        for (int l = 0; l < LANES; l++) g[l] = ld(q + 4 * l);                                                      \
        for (int j = 0; j < KW; j++)                                                                               \
          for (int l = 0; l < LANES; l++) a[j][l] = add(a[j][l], mul(g[l], ld(p + j * c + 4 * l)));                \
      }                                                                                                            \
      for (int ow = 0; ow < s->wo; ow++) {                                                                         \
        if (ow == lo) ow = hi;                                                                                     \
        if (ow >= s->wo) break;                                                                                    \
        for (int j = 0; j < KW; j++) {                                                                             \
          int iw = ow * s->sw - s->pl + j;                                                                         \
          if (iw < 0 || iw >= s->w) continue;                                                                      \
          for (int l = 0; l < LANES; l++)                                                                          \
            a[j][l] = add(a[j][l], mul(ld(d + ow * c + 4 * l), ld(row + iw * c + 4 * l)));                         \
        }                                                                                                          \
      }                                                                                                            \
    }                                                                                                              \
    for (int j = 0; j < KW; j++)                                                                                   \
      for (int l = 0; l < LANES; l++) {                                                                            \
        float *o = dw + (i * KW + j) * c + 4 * l;                                                                  \
        st(o, add(ld(o), a[j][l]));                                                                                \
      }                                                                                                            \
  }
ROW(3, 2)
ROW(3, 1)
ROW(5, 2)
ROW(5, 1)

// Any filter, channels from `from` on.
static void filter_plain(const float *x, const float *dy, float *dw, const Shape *s, int from) {
  int c = s->c;
  for (int i = 0; i < s->kh; i++)
    for (int j = 0; j < s->kw; j++)
      for (int k = from; k < c; k++) {
        float sum = 0;
        for (int oh = 0; oh < s->ho; oh++) {
          int ih = oh * s->sh - s->pt + i;
          if (ih < 0 || ih >= s->h) continue;
          for (int ow = 0; ow < s->wo; ow++) {
            int iw = ow * s->sw - s->pl + j;
            if (iw >= 0 && iw < s->w) sum += x[((uint32_t)ih * s->w + iw) * c + k] * dy[((uint32_t)oh * s->wo + ow) * c + k];
          }
        }
        dw[(i * s->kw + j) * c + k] += sum;
      }
}

// Gradient by w [kh, kw, c].
EXPORT(depthwise_filter)
void depthwise_filter(const float *x, const float *dy, float *dw, const Shape *s) {
  int c = s->c;
  zero(dw, s->kh * s->kw * c);
  for (int n = 0; n < s->n; n++, x += (uint32_t)s->h * s->w * c, dy += (uint32_t)s->ho * s->wo * c) {
    int k = 0;
    if (s->kw == 3) {
      for (; k + 8 <= c; k += 8)
        for (int i = 0; i < s->kh; i++) filter_row_3_2(x + k, dy + k, dw + k, s, i);
      for (; k + 4 <= c; k += 4)
        for (int i = 0; i < s->kh; i++) filter_row_3_1(x + k, dy + k, dw + k, s, i);
    } else if (s->kw == 5) {
      for (; k + 8 <= c; k += 8)
        for (int i = 0; i < s->kh; i++) filter_row_5_2(x + k, dy + k, dw + k, s, i);
      for (; k + 4 <= c; k += 4)
        for (int i = 0; i < s->kh; i++) filter_row_5_1(x + k, dy + k, dw + k, s, i);
    }
    if (k < c) filter_plain(x, dy, dw, s, k);
  }
}

// ---- pooling -----------------------------------------------------------------------------------------------------

// Flat index into x of the first largest value of each window; a NaN wins.
EXPORT(max_indices)
void max_indices(const float *x, int32_t *out, const Shape *s) {
  int c = s->c;
  for (int n = 0; n < s->n; n++)
    for (int oh = 0; oh < s->ho; oh++)
      for (int ow = 0; ow < s->wo; ow++, out += c) {
        int first = 1;
        for (int i = 0; i < s->kh; i++) {
          int ih = oh * s->sh - s->pt + i;
          if (ih < 0 || ih >= s->h) continue;
          for (int j = 0; j < s->kw; j++) {
            int iw = ow * s->sw - s->pl + j;
            if (iw < 0 || iw >= s->w) continue;
            int32_t at = ((n * s->h + ih) * s->w + iw) * c;
            for (int k = 0; k < c; k++) {
              float value = x[at + k], best = first ? 0 : x[out[k]];
              if (first || value > best || (value != value && best == best)) out[k] = at + k;
            }
            first = 0;
          }
        }
      }
}

EXPORT(gather_flat)
void gather_flat(const float *x, const int32_t *indices, float *y, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) y[i] = x[indices[i]];
}

EXPORT(scatter_flat)
void scatter_flat(const float *g, const int32_t *indices, float *out, uint32_t n, uint32_t size) {
  for (uint32_t i = 0; i < size; i++) out[i] = 0;
  for (uint32_t i = 0; i < n; i++) out[indices[i]] += g[i];
}

// Mean over the window's pixels inside the image, or (backward) its transpose, from y's shape into x's.
EXPORT(avg_pool)
void avg_pool(float *x, float *y, const Shape *s, int backward) {
  int c = s->c;
  if (backward)
    for (uint32_t i = 0; i < (uint32_t)s->n * s->h * s->w * c; i++) x[i] = 0;
  for (int n = 0; n < s->n; n++)
    for (int oh = 0; oh < s->ho; oh++)
      for (int ow = 0; ow < s->wo; ow++, y += c) {
        int i0 = oh * s->sh - s->pt, j0 = ow * s->sw - s->pl, i1 = i0 + s->kh, j1 = j0 + s->kw;
        if (i0 < 0) i0 = 0;
        if (j0 < 0) j0 = 0;
        if (i1 > s->h) i1 = s->h;
        if (j1 > s->w) j1 = s->w;
        float each = 1.0f / ((i1 - i0) * (j1 - j0));
        if (!backward) zero(y, c);
        for (int i = i0; i < i1; i++)
          for (int j = j0; j < j1; j++) {
            float *p = x + (((uint32_t)n * s->h + i) * s->w + j) * c;
            if (backward)
              for (int k = 0; k < c; k++) p[k] += y[k] * each;
            else
              for (int k = 0; k < c; k++) y[k] += p[k];
          }
        if (!backward)
          for (int k = 0; k < c; k++) y[k] *= each;
      }
}

// y [n, c] = mean over `pixels` of x [n, pixels, c], or (backward) x = y / pixels.
EXPORT(global_pool)
void global_pool(float *x, float *y, int n, int pixels, int c, int backward) {
  float each = 1.0f / pixels;
  for (int b = 0; b < n; b++, y += c) {
    if (!backward) zero(y, c);
    for (int p = 0; p < pixels; p++, x += c) {
      if (backward)
        for (int k = 0; k < c; k++) x[k] = y[k] * each;
      else
        for (int k = 0; k < c; k++) y[k] += x[k];
    }
    if (!backward)
      for (int k = 0; k < c; k++) y[k] *= each;
  }
}

// ---- batch norm's vectors ----------------------------------------------------------------------------------------

static inline float inverse_root(float variance, float epsilon) { return 1.0f / __builtin_sqrtf(variance + epsilon); }

// scale = gamma / sqrt(variance + epsilon), shift = beta - mean scale.
EXPORT(fold)
void fold(const float *gamma, const float *beta, const float *mean, const float *variance, float epsilon, float *scale,
          float *shift, int c) {
  for (int i = 0; i < c; i++) {
    scale[i] = gamma[i] * inverse_root(variance[i], epsilon);
    shift[i] = beta[i] - mean[i] * scale[i];
  }
}

// Gradients by gamma, mean and variance; that by beta is dshift.
EXPORT(fold_gradient)
void fold_gradient(const float *gamma, const float *mean, const float *variance, float epsilon, const float *dscale,
                   const float *dshift, float *dgamma, float *dmean, float *dvariance, int c) {
  for (int i = 0; i < c; i++) {
    float r = inverse_root(variance[i], epsilon), d = dscale[i] - mean[i] * dshift[i];
    dgamma[i] = d * r;
    dmean[i] = -gamma[i] * r * dshift[i];
    dvariance[i] = -0.5f * d * gamma[i] * r * r * r;
  }
}

// Backward pass of fold_gradient, from a, b, d that came back to its dgamma, dmean and dvariance.
EXPORT(fold_second)
void fold_second(const float *gamma, const float *mean, const float *variance, float epsilon, const float *dscale,
                 const float *dshift, const float *a, const float *b, const float *d, float *by_gamma, float *by_mean,
                 float *by_variance, float *by_dscale, float *by_dshift, int c) {
#pragma clang loop unroll(disable) vectorize(disable)
  for (int i = 0; i < c; i++) {
    float r = inverse_root(variance[i], epsilon), r3 = r * r * r, s = dscale[i] - mean[i] * dshift[i];
    float q = a[i] * r - 0.5f * d[i] * gamma[i] * r3;
    by_dscale[i] = q;
    by_dshift[i] = -mean[i] * q - b[i] * gamma[i] * r;
    by_mean[i] = -dshift[i] * q;
    by_gamma[i] = -b[i] * r * dshift[i] - 0.5f * d[i] * s * r3;
    by_variance[i] = -0.5f * r3 * (a[i] * s - b[i] * gamma[i] * dshift[i]) + 0.75f * d[i] * s * gamma[i] * r3 * r * r;
  }
}

// ---- gates -------------------------------------------------------------------------------------------------------

// Where a gate is exactly 0 or 1 the other side does not count, whatever it is (0 times infinity would).
static inline v between(v a, v b, v g) {
  v y = add(mul(a, wasm_f32x4_sub(splat(1), g)), mul(b, g));
  y = wasm_v128_bitselect(a, y, wasm_f32x4_eq(g, splat(0)));
  return wasm_v128_bitselect(b, y, wasm_f32x4_eq(g, splat(1)));
}
static inline float between1(float a, float b, float g) {
  return g == 0 ? a : g == 1 ? b : a * (1 - g) + b * g;
}

// y = a (1 - g) + b g for [n, pixels, c] and g [n, c].
EXPORT(mix)
void mix(const float *a, const float *b, const float *g, float *y, int n, int pixels, int c) {
  for (int k = 0; k < n; k++, g += c)
    for (int p = 0; p < pixels; p++, a += c, b += c, y += c) {
      int i = 0;
      for (; i + 4 <= c; i += 4) st(y + i, between(ld(a + i), ld(b + i), ld(g + i)));
      for (; i < c; i++) y[i] = between1(a[i], b[i], g[i]);
    }
}

// The share of dy that goes to b (second) or to a.
EXPORT(mix_part)
void mix_part(const float *dy, const float *g, float *y, int n, int pixels, int c, int second) {
  v none = splat(0);
  for (int k = 0; k < n; k++, g += c)
    for (int p = 0; p < pixels; p++, dy += c, y += c) {
      int i = 0;
      for (; i + 4 <= c; i += 4) {
        v d = ld(dy + i), gate = ld(g + i);
        st(y + i, second ? between(none, d, gate) : between(d, none, gate));
      }
      for (; i < c; i++) y[i] = second ? between1(0, dy[i], g[i]) : between1(dy[i], 0, g[i]);
    }
}

// y [n, c] = sum over pixels of dy (b - a); scratch [c].
EXPORT(mix_dot)
void mix_dot(const float *dy, const float *a, const float *b, float *y, float *scratch, int n, int pixels, int c) {
  for (int k = 0; k < n; k++, y += c) {
    zero(y, c);
    zero(scratch, c);
    for (int p = 0; p < pixels; p++, dy += c, a += c, b += c) {
      int i = 0;
      for (; i + 4 <= c; i += 4)
        st(scratch + i, add(ld(scratch + i), mul(ld(dy + i), wasm_f32x4_sub(ld(b + i), ld(a + i)))));
      for (; i < c; i++) scratch[i] += dy[i] * (b[i] - a[i]);
      if (p % BLOCK == BLOCK - 1) add_to(y, scratch, c);
    }
    add_to(y, scratch, c);
  }
}

// ---- comparison --------------------------------------------------------------------------------------------------

#define LOW(x) wasm_f64x2_promote_low_f32x4(x)
#define HIGH(x) LOW(wasm_i32x4_shuffle(x, x, 2, 3, 2, 3))

static inline v square_on(v sum, v d) { return wasm_f64x2_add(sum, wasm_f64x2_mul(d, d)); }
static inline double sum2(v x) { return wasm_f64x2_extract_lane(x, 0) + wasm_f64x2_extract_lane(x, 1); }

static double squares_of(const float *a, int n) {
  v low = wasm_f64x2_splat(0), high = low;
  int i = 0;
  for (; i + 4 <= n; i += 4) {
    v x = ld(a + i);
    low = square_on(low, LOW(x));
    high = square_on(high, HIGH(x));
  }
  double sum = sum2(wasm_f64x2_add(low, high));
  for (; i < n; i++) sum += (double)a[i] * a[i];
  return sum;
}

// out: sum (a - b)^2, sum b^2, largest |a - b|, how many are not equal. Doubles. A NaN shows in the first, not for sure in
// the third. b may be 0: zeros.
EXPORT(compare)
void compare(const float *a, const float *b, double *out, int n) {
  if (a == b) {
    // one block under two names; what is not finite is looked at below
    out[0] = out[2] = out[3] = 0;
    out[1] = squares_of(b, n);
    if (out[1] - out[1] == 0) return;
  }
  v low = wasm_f64x2_splat(0), high = low, of_low = low, of_high = low, largest = low, none = low, count = low;
  int i = 0;
  for (; i + 4 <= n; i += 4) {
    v x = ld(a + i), y = b ? ld(b + i) : none;
    v d = wasm_f64x2_sub(LOW(x), LOW(y)), e = wasm_f64x2_sub(HIGH(x), HIGH(y));
    low = square_on(low, d);
    high = square_on(high, e);
    largest = wasm_f64x2_pmax(largest, wasm_f64x2_pmax(wasm_f64x2_abs(d), wasm_f64x2_abs(e)));
    count = wasm_i32x4_add(count, wasm_f32x4_ne(x, y));
    if (b) {
      of_low = square_on(of_low, LOW(y));
      of_high = square_on(of_high, HIGH(y));
    }
  }
  double squares = sum2(wasm_f64x2_add(low, high)), of = sum2(wasm_f64x2_add(of_low, of_high));
  double most = wasm_f64x2_extract_lane(largest, 0), other = wasm_f64x2_extract_lane(largest, 1);
  if (other > most) most = other;
  int differ = -(wasm_i32x4_extract_lane(count, 0) + wasm_i32x4_extract_lane(count, 1) +
                 wasm_i32x4_extract_lane(count, 2) + wasm_i32x4_extract_lane(count, 3));
  for (; i < n; i++) {
    double y = b ? b[i] : 0, d = a[i] - y, size = d < 0 ? -d : d;
    squares += d * d;
    of += y * y;
    if (size > most) most = size;
    if (a[i] != y) differ++;
  }
  out[0] = squares; out[1] = of; out[2] = most; out[3] = differ;
}
