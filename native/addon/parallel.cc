#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace thaw {
namespace {

class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {
    for (int i = 1; i < threads; i++) std::thread([this] { serve(); }).detach();
  }

  void run(int64_t count, void (*work)(void*, int64_t, int64_t), void* with) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      count_ = count, work_ = work, with_ = with;
      // more pieces than threads: one that the system has taken off its core holds nobody up for long
      pieces_ = std::min<int64_t>(count, 4 * threads_);
      next_.store(0, std::memory_order_relaxed);
      left_.store(threads_ - 1, std::memory_order_relaxed);
      round_.fetch_add(1, std::memory_order_release);
    }
    start_.notify_all();
    help();
    // the others end soon: what is left of their pieces
    for (int spins = 0; left_.load(std::memory_order_acquire) > 0; spins++)
      if (spins > 2000) std::this_thread::yield();
  }

 private:
  void help() {
    for (int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < pieces_;)
      work_(with_, count_ * i / pieces_, count_ * (i + 1) / pieces_);
  }

  void serve() {
    for (int seen = 0;;) {
      for (int spins = 0; round_.load(std::memory_order_acquire) == seen && spins < 4000; spins++) continue;
      if (round_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        start_.wait(lock, [&] { return round_.load(std::memory_order_relaxed) != seen; });
      }
      seen++;
      help();
      left_.fetch_sub(1, std::memory_order_release);
    }
  }

  const int threads_;
  std::mutex mutex_;
  std::condition_variable start_;
  std::atomic<int> round_{0}, left_{0};
  std::atomic<int64_t> next_{0};
  int64_t count_ = 0, pieces_ = 0;
  void (*work_)(void*, int64_t, int64_t) = nullptr;
  void* with_ = nullptr;
};

}  // namespace

int Threads() {
  static const int threads = [] {
    const char* set = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int wanted = set ? std::atoi(set) : 0;
    return wanted > 0 ? wanted : std::max(1u, std::thread::hardware_concurrency());
  }();
  return threads;
}

void Parallel(int64_t count, void (*work)(void*, int64_t, int64_t), void* with) {
  // never destroyed: its threads run until the process ends
  static Pool* pool = new Pool(Threads());
  if (Threads() == 1 || count == 1) work(with, 0, count);
  else pool->run(count, work, with);
}

}  // namespace thaw
