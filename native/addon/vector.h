// Eight floats at a time, for the files that are built twice. All of internal linkage.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#include "kernels.h"

namespace thaw {
namespace {

typedef float Eight __attribute__((vector_size(32)));
constexpr int64_t lanes = 8;

inline Eight load(const float* p) {
  Eight v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, Eight v) { std::memcpy(p, &v, sizeof v); }
/** `B` of them beside each other, held in registers: members rather than an array, which compilers leave in memory. */
template <int B>
struct Several;
template <>
struct Several<1> {
  Eight a;
  static Several load(const float* p) { return {thaw::load(p)}; }
  void add(const float* x, const float* y) { a += thaw::load(x) * thaw::load(y); }
  template <class Map>
  void store(float* p, Map map) const {
    thaw::store(p, map(a));
  }
};
template <>
struct Several<4> {
  Eight a, b, c, d;
  static Several load(const float* p) {
    return {thaw::load(p), thaw::load(p + 8), thaw::load(p + 16), thaw::load(p + 24)};
  }
  void add(const float* x, const float* y) {
    a += thaw::load(x) * thaw::load(y);
    b += thaw::load(x + 8) * thaw::load(y + 8);
    c += thaw::load(x + 16) * thaw::load(y + 16);
    d += thaw::load(x + 24) * thaw::load(y + 24);
  }
  template <class Map>
  void store(float* p, Map map) const {
    thaw::store(p, map(a));
    thaw::store(p + 8, map(b));
    thaw::store(p + 16, map(c));
    thaw::store(p + 24, map(d));
  }
};
inline Eight same(Eight v) { return v; }
inline Eight all(float x) { return Eight{x, x, x, x, x, x, x, x}; }

/** NaN comes through. */
template <Follow F>
inline Eight activate(Eight z) {
  if (F != linear) z = z < 0.0f ? all(0) : z;
  return F == relu6 ? (z > 6.0f ? all(6) : z) : z;
}
template <Follow F>
inline float activate(float z) {
  if (F != linear) z = z < 0 ? 0 : z;
  return F == relu6 && z > 6 ? 6 : z;
}

/** dy where the activation passes z on, else 0: NaN in z blocks, NaN in dy shows. */
template <Follow F>
inline Eight pass(Eight z, Eight dy) {
  if (F != linear) dy = z > 0.0f ? dy : all(0);
  return F == relu6 ? (z < 6.0f ? dy : all(0)) : dy;
}
template <Follow F>
inline float pass(float z, float dy) {
  if (F == linear) return dy;
  return z > 0 && (F == relu || z < 6) ? dy : 0;
}

/** Room for intermediate values, freed with its scope. */
template <class T>
struct Room {
  T* const at;
  explicit Room(int64_t size) : at(static_cast<T*>(std::calloc(size > 0 ? size : 1, sizeof(T)))) {
    if (!at) throw std::bad_alloc();
  }
  ~Room() { std::free(at); }
  Room(const Room&) = delete;
};

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/** Calls work with the activation as a constant of the compiler's. */
template <class Work>
inline void with(Follow follow, Work work) {
  if (follow == relu6) work(std::integral_constant<Follow, relu6>());
  else if (follow == relu) work(std::integral_constant<Follow, relu>());
  else work(std::integral_constant<Follow, linear>());
}

}  // namespace
}  // namespace thaw
