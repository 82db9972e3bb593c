// The list of waiting customers as JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "daemon/moment/moment.hpp"
#include "daemon/text/json_writer.hpp"

namespace deskpulse::serve {

/// What stands for a customer whose id is not shown: `#5f3c09ab`, the first digits of the keyed
/// hash. The same for the same customer until the daemon restarts, and no way back from it.
std::string customer_mask(const proto::CustomerKey& key);

/// The daemon's state as both answers have it: a member `status`.
void write_status(const moment::Moment& moment, text::JsonWriter& json);
/// A member `waiting`: the rows of the page, longest wait first, and no more than `limit`.
void write_waiting_rows(const moment::Moment& moment, const moment::WaitingPage& page,
                        std::optional<std::size_t> limit, text::JsonWriter& json);

/// The whole answer of /api/v1/waiting, in one line. The moment must have its directory.
void append_waiting_list(const moment::Moment& moment, const moment::WaitingPage& page,
                         std::optional<std::size_t> limit, text::TextBuffer& out);

}  // namespace deskpulse::serve
