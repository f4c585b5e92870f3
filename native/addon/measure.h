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
  Four squares{}, of{}, largest{}, differ{};
  double rest[4] = {0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 4 <= size; i += 4) {
    const Four y = b ? Four{b[i], b[i + 1], b[i + 2], b[i + 3]} : Four{};
    const Four x{a[i], a[i + 1], a[i + 2], a[i + 3]}, d = x - y;
    squares += d * d;
    of += y * y;
    const Four away = d < 0.0 ? -d : d;
    largest = away > largest ? away : largest;
    differ += x == y ? Four{} : Four{1, 1, 1, 1};
  }
  for (; i < size; i++) {
    const double y = b ? b[i] : 0, d = a[i] - y, away = std::fabs(d);
    rest[0] += d * d;
    rest[1] += y * y;
    if (away > rest[2]) rest[2] = away;
    if (!(a[i] == y)) rest[3]++;
  }
  sums[0] = (squares[0] + squares[1]) + (squares[2] + squares[3]) + rest[0];
  sums[1] = (of[0] + of[1]) + (of[2] + of[3]) + rest[1];
  for (int k = 0; k < 4; k++) rest[2] = largest[k] > rest[2] ? largest[k] : rest[2];
  sums[2] = rest[2];
  sums[3] = (differ[0] + differ[1]) + (differ[2] + differ[3]) + rest[3];
}

void compare(const float* a, const float* b, int64_t size, Compared* to) {
  const int64_t parts = (size + perPart - 1) / perPart;
  Room<double> room(4 * parts);
  Each(parts, [&](int64_t from, int64_t to) {
    for (int64_t k = from; k < to; k++)
      compareRange(a + k * perPart, b ? b + k * perPart : nullptr, least(perPart, size - k * perPart),
                   room.at + 4 * k);
  });
  *to = {0, 0, 0, 0};
  for (int64_t k = 0; k < parts; k++) {
    const double* part = room.at + 4 * k;
    to->squares += part[0];
    to->of += part[1];
    if (part[2] > to->largest) to->largest = part[2];
    to->differ += part[3];
  }
  // a comparison with NaN is false: the squares tell whether there was one
  if (std::isnan(to->squares)) to->largest = to->squares;
}

}  // namespace
}  // namespace thaw
