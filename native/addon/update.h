// Optimizers' updates of many tensors at once, running statistics, folded batch norms. Included by kernels.cc.
#pragma once
#include <cmath>

#include "parallel.h"
#include "vector.h"

namespace thaw {
namespace {

constexpr int64_t perPiece = 1 << 14;

/** Calls work(which, from, to) over all values of all tensors, in pieces on all threads. */
template <class Sized, class Work>
void eachPiece(const Sized* all, int64_t count, Work work) {
  Room<int64_t> first(count + 1);
  for (int64_t i = 0; i < count; i++) first.at[i + 1] = first.at[i] + (all[i].size + perPiece - 1) / perPiece;
  Each(first.at[count], [&](int64_t from, int64_t to) {
    int64_t which = 0;
    for (int64_t piece = from; piece < to; piece++) {
      while (piece >= first.at[which + 1]) which++;
      const int64_t start = (piece - first.at[which]) * perPiece;
      work(all[which], start, least(start + perPiece, all[which].size));
    }
  });
}

/** Computed in double, stored in single precision, as the rules in JavaScript. torch.optim.SGD with dampening 0; `first` is the momentum's buffer, null without momentum. */
void sgd(const Update* all, int64_t count, double momentum, bool nesterov) {
  eachPiece(all, count, [=](const Update& u, int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) {
      const double g = u.gradient[i] + u.weightDecay * u.value[i];
      if (!u.first) {
        u.value[i] = static_cast<float>(u.value[i] - u.rate * g);
        continue;
      }
      const double b = momentum * u.first[i] + g;
      u.first[i] = static_cast<float>(b);
      u.value[i] = static_cast<float>(u.value[i] - u.rate * (nesterov ? g + momentum * b : b));
    }
  });
}

/** torch.optim.Adam and AdamW; rate and floor hold the corrections of the bias, keep is 1 - rate decay where that is decoupled. */
void adam(const Update* all, int64_t count, double beta1, double beta2) {
  eachPiece(all, count, [=](const Update& u, int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) {
      const double g = u.gradient[i] + u.weightDecay * u.value[i];
      const double m = beta1 * u.first[i] + (1 - beta1) * g, v = beta2 * u.second[i] + (1 - beta2) * g * g;
      u.first[i] = static_cast<float>(m);
      u.second[i] = static_cast<float>(v);
      u.value[i] = static_cast<float>(u.keep * u.value[i] - u.rate * m / (std::sqrt(v) + u.floor));
    }
  });
}

/** to = a x + b y. */
void blend(const float* x, const float* y, int64_t size, float a, float b, float* to) {
  for (int64_t i = 0; i < size; i++) to[i] = a * x[i] + b * y[i];
}

/** Kernel [rows, c] times gamma / sqrt(variance + epsilon), and beta + (bias - mean) times that; null: 1 for gamma, 0 for the others. */
void fold(const float* kernel, int64_t rows, int64_t c, const float* bias, const float* gamma, const float* beta,
          const float* mean, const float* variance, float epsilon, float* scaled, float* shift) {
  Room<float> scale(c);
  for (int64_t i = 0; i < c; i++) {
    scale.at[i] = (gamma ? gamma[i] : 1) / std::sqrt(variance[i] + epsilon);
    shift[i] = (beta ? beta[i] : 0) + ((bias ? bias[i] : 0) - mean[i]) * scale.at[i];
  }
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < c; i++) scaled[r * c + i] = kernel[r * c + i] * scale.at[i];
}

}  // namespace
}  // namespace thaw
