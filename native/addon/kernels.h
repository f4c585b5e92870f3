// Kernels of our own for the processor, where TensorFlow reads and writes the activations more often than it must.
// Float32, NHWC. Sums are taken over parts whose size depends on the shape alone and added in their order: the same
// bits for any number of threads. Built twice, with AVX2 and without; `kernels()` tells which one this processor takes.
#pragma once
#include <cstdint>

namespace thaw {

/** What follows a layer: nothing, max(0, x), or that and min(6, x). */
enum Follow { linear = 0, relu = 1, relu6 = 2 };

struct Window {
  int64_t n, h, w, c, kh, kw, oh, ow, sh, sw, top, left, dh, dw;
};

/** One parameter of an optimizer's step. */
struct Update {
  float* value;
  const float* gradient;
  float* first;
  float* second;
  int64_t size;
  double rate, weightDecay, floor, keep;
};

/** Sum of (a - b)^2 and of b^2, largest |a - b| (NaN where there is one), how many values are not equal. */
struct Compared {
  double squares, of, largest, differ;
};

struct Kernels {
  /** Mean and biased variance of each of c channels over rows. */
  void (*moments)(const float* x, int64_t rows, int64_t c, float* mean, float* variance);
  /** y = follow((x - mean) scale + beta), scale = gamma / sqrt(variance + epsilon); y may be x. */
  void (*normalise)(const float* x, int64_t rows, int64_t c, const float* gamma, const float* beta, const float* mean,
                    const float* variance, float epsilon, Follow follow, float* y);
  /** Gradients of normalise by x (null: not wanted), gamma and beta (null: not wanted); `training`: through mean and variance too. */
  void (*normGradient)(const float* x, const float* dy, int64_t rows, int64_t c, const float* gamma,
                       const float* beta, const float* mean, const float* variance, float epsilon, Follow follow,
                       bool training, float* dx, float* dGamma, float* dBeta);
  /** y = follow(x + bias) by channel; bias null: none; y may be x. */
  void (*shift)(const float* x, int64_t rows, int64_t c, const float* bias, Follow follow, float* y);
  /** y of x [n, h, w, c] and k [kh, kw, c], then bias (null: none) and follow. */
  void (*depthwise)(const Window&, const float* x, const float* k, const float* bias, Follow follow, float* y);
  void (*depthwiseInput)(const Window&, const float* dy, const float* k, float* dx);
  void (*depthwiseFilter)(const Window&, const float* x, const float* dy, float* dk);
  /** b null: zeros. */
  void (*compare)(const float* a, const float* b, int64_t size, Compared* to);
  /** Steps of optimizers; see update.h. */
  void (*sgd)(const Update* all, int64_t count, double momentum, bool nesterov);
  void (*adam)(const Update* all, int64_t count, double beta1, double beta2);
  /** to = a x + b y. */
  void (*blend)(const float* x, const float* y, int64_t size, float a, float b, float* to);
  /** A batch norm on running statistics put into the kernel [rows, c] and bias of the convolution before it. */
  void (*fold)(const float* kernel, int64_t rows, int64_t c, const float* bias, const float* gamma, const float* beta,
               const float* mean, const float* variance, float epsilon, float* scaled, float* shift);
};

const Kernels& kernels();

}  // namespace thaw
