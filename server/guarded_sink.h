// A body that is taken while it arrives, from a sender who is still being looked up: as soon as it is known that the
// sender is not welcome, no more of it is read.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "net/http/message.h"

namespace tanba::server {

class GuardedSink final : public net::http::BodySink {
 public:
  // What is known of the sender by now; filled in on another thread.
  class Verdict {
   public:
    void refuse(base::Error error) {
      const std::scoped_lock lock(mutex_);
      status_ = std::unexpected(std::move(error));
    }
    [[nodiscard]] base::Status status() const {
      const std::scoped_lock lock(mutex_);
      return status_;
    }

   private:
    mutable std::mutex mutex_;
    base::Status status_;
  };

  GuardedSink(std::shared_ptr<net::http::BodySink> inner, std::shared_ptr<const Verdict> verdict)
      : inner_(std::move(inner)), verdict_(std::move(verdict)) {}

  [[nodiscard]] base::Status take(base::ByteView octets) override {
    TANBA_CHECK(verdict_->status());
    return inner_->take(octets);
  }
  [[nodiscard]] const std::shared_ptr<net::http::BodySink>& inner() const { return inner_; }

 private:
  std::shared_ptr<net::http::BodySink> inner_;
  std::shared_ptr<const Verdict> verdict_;
};

}  // namespace tanba::server
