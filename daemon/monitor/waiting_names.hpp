// The ids of customers who wait, for those who may see them ([privacy] show_customers).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto/event.hpp"

namespace deskpulse {

/// What the engine keeps of a customer is a keyed hash; this keeps the ids behind some of them, in
/// memory and nowhere else. An id comes in with an event that may open a turn and is thrown away
/// soon after it is clear that the customer does not wait: each call looks at a few. At most `most`
/// are kept; whoever comes beyond that stays masked.
class WaitingNames {
 public:
  /// Whether the customer has an open turn.
  using IsWaiting = std::function<bool(const proto::CustomerKey&)>;
  static constexpr std::size_t kMost = 200'000;

  explicit WaitingNames(IsWaiting is_waiting, std::size_t most = kMost);

  /// The event will have been applied when time has passed `applied_by`; until then the id stays.
  void remember(const proto::CustomerKey& key, std::string_view id, proto::Instant applied_by);
  /// Looks at the next `looks` ids and throws those away that are no longer needed at `now`.
  void sweep(proto::Instant now, std::size_t looks);
  void clear();
  /// While on, no more ids are kept than there are now.
  void hold_growth(bool on) { held_ = on ? entries_.size() : most_; }

  /// Empty when it is not known; good until the next call that changes something.
  std::string_view find(const proto::CustomerKey& key) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    proto::CustomerKey key;
    std::string id;
    proto::Instant applied_by;
  };
  struct LowHalf {  // the key is a hash already
    std::size_t operator()(const proto::CustomerKey& key) const { return key.low; }
  };

  void erase(std::size_t at);

  const IsWaiting is_waiting_;
  const std::size_t most_;
  std::size_t held_;  ///< at most that many now
  std::vector<Entry> entries_;
  std::unordered_map<proto::CustomerKey, std::size_t, LowHalf> places_;
  std::size_t sweep_at_ = 0;
};

}  // namespace deskpulse
