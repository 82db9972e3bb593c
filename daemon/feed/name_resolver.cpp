#include "daemon/feed/name_resolver.hpp"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace deskpulse::feed {

namespace asio = boost::asio;

/// Where the thread and the resolver meet, as long as there is a resolver.
struct NameResolver::Answer {
  std::mutex mutex;
  NameResolver* resolver;  ///< null: nobody is interested any more, and the io_context may be gone
};

NameResolver::NameResolver(asio::io_context& io, Lookup lookup)
    : io_(io), lookup_(std::move(lookup)), wake_(io), answer_(std::make_shared<Answer>()) {
  answer_->resolver = this;
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(answer_->mutex);
  answer_->resolver = nullptr;
}

asio::awaitable<std::optional<NameResolver::Addresses>> NameResolver::resolve(
    Name name, std::chrono::steady_clock::time_point deadline) {
  // The timer is the wait: it ends at the deadline, or is cancelled when there is an answer.
  wake_.expires_at(deadline);
  for (;;) {
    const bool is_same = under_way_ == name;
    if (!under_way_) start(name);
    if (!found_) {
      co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (!found_) co_return std::nullopt;
    }
    const bool is_ours = is_same || under_way_ == name;
    under_way_.reset();
    std::optional<Addresses> found = std::exchange(found_, std::nullopt);
    if (is_ours) co_return found;
    wake_.expires_at(deadline);
  }
}

void NameResolver::give_up() { wake_.cancel(); }

void NameResolver::start(const Name& name) {
  under_way_ = name;
  // Signals are for the threads that wait for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([name, lookup = lookup_, answer = answer_] {
      Addresses found = lookup(name);
      const std::lock_guard lock(answer->mutex);
      if (answer->resolver == nullptr) return;
      asio::post(answer->resolver->io_, [answer, found = std::move(found)]() mutable {
        NameResolver* const resolver = answer->resolver;  // set to null by this thread only
        if (resolver == nullptr) return;
        resolver->found_ = std::move(found);
        resolver->wake_.cancel();
      });
    }).detach();
  } catch (const std::system_error& failure) {
    found_ = Addresses{{}, failure.code().message()};
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

NameResolver::Addresses NameResolver::look_up_in_the_system(const Name& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(name.host.c_str(), name.port.c_str(), &hints, &list);
  if (failed == EAI_SYSTEM) return {{}, std::error_code(errno, std::generic_category()).message()};
  if (failed != 0) return {{}, ::gai_strerror(failed)};
  Addresses found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    endpoint.resize(each->ai_addrlen);
    found.endpoints.push_back(endpoint);
  }
  ::freeaddrinfo(list);
  return found;
}

}  // namespace deskpulse::feed
