// A thread that does something again and again until it is told to stop.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace tanba::server {

class Periodic {
 public:
  // At once, then `interval` after each end. The name shows as the thread's, at most 15 characters.
  Periodic(std::string name, std::chrono::milliseconds interval, std::function<void()> work)
      : interval_(interval), work_(std::move(work)), thread_([this, name = std::move(name)] { run(name); }) {}
  // Waits for the work under way.
  ~Periodic() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void run(const std::string& name) {
    ::pthread_setname_np(::pthread_self(), name.c_str());
    std::unique_lock lock(mutex_);
    while (!ending_) {
      lock.unlock();
      work_();
      lock.lock();
      wake_.wait_for(lock, interval_, [this] { return ending_; });
    }
  }
  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace tanba::server
