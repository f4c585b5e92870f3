// Sums over the values of tensors, in double precision. Included by kernels.cc.
#pragma once
#include <cmath>

#include "parallel.h"
#include "vector.h"

namespace thaw {
namespace {

constexpr int64_t perPart = 1 << 15;

/** One part's sums; doubles in four lanes, so that their order is that of the values. */
inline void compareRange(const float* a, const float* b, int64_t size, double* sums) {
  typedef double Four __attribute__((vector_size(32)));
  Four squares{}, of{}, largest{};
  double rest[3] = {0, 0, 0};
  int64_t i = 0;
  for (; i + 4 <= size; i += 4) {
    const Four y = b ? Four{b[i], b[i + 1], b[i + 2], b[i + 3]} : Four{};
    const Four d = Four{a[i], a[i + 1], a[i + 2], a[i + 3]} - y;
    squares += d * d;
    of += y * y;
    const Four away = d < 0.0 ? -d : d;
    largest = away > largest ? away : largest;
  }
  for (; i < size; i++) {
    const double y = b ? b[i] : 0, d = a[i] - y, away = std::fabs(d);
    rest[0] += d * d;
    rest[1] += y * y;
    if (away > rest[2]) rest[2] = away;
  }
  sums[0] = (squares[0] + squares[1]) + (squares[2] + squares[3]) + rest[0];
  sums[1] = (of[0] + of[1]) + (of[2] + of[3]) + rest[1];
  for (int k = 0; k < 4; k++) rest[2] = largest[k] > rest[2] ? largest[k] : rest[2];
  sums[2] = rest[2];
}

void compare(const float* a, const float* b, int64_t size, double* squares, double* of, double* largest) {
  const int64_t parts = (size + perPart - 1) / perPart;
  Room<double> room(3 * parts);
  Each(parts, [&](int64_t from, int64_t to) {
    for (int64_t k = from; k < to; k++)
      compareRange(a + k * perPart, b ? b + k * perPart : nullptr, least(perPart, size - k * perPart),
                   room.at + 3 * k);
  });
  *squares = *of = *largest = 0;
  for (int64_t k = 0; k < parts; k++) {
    *squares += room.at[3 * k];
    *of += room.at[3 * k + 1];
    if (room.at[3 * k + 2] > *largest) *largest = room.at[3 * k + 2];
  }
  // a comparison with NaN is false: the squares tell whether there was one
  if (std::isnan(*squares)) *largest = *squares;
}

}  // namespace
}  // namespace thaw
