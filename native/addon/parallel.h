// A small pool of threads for the kernels: as many as TensorFlow has for one operation.
#pragma once
#include <cstdint>

namespace thaw {

/** Threads that share the work, the caller's own included; TF_NUM_INTRAOP_THREADS, as set before the addon is loaded. */
int Threads();

/** Runs work(with, from, to) over parts that together are 0 to count, on all threads, and waits for them. */
void Parallel(int64_t count, void (*work)(void* with, int64_t from, int64_t to), void* with);

namespace {

/** The same with a function object. Of internal linkage, as all that the kernels use: they are built twice. */
template <class Work>
void Each(int64_t count, Work work) {
  Parallel(count, [](void* with, int64_t from, int64_t to) { (*static_cast<Work*>(with))(from, to); }, &work);
}

}  // namespace
}  // namespace thaw
