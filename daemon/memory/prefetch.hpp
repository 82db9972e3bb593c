// Asking for memory before it is needed.
#pragma once

#include <cstddef>

namespace deskpulse::memory {

/// Asks the processor to fetch every line of a record meanwhile, to be changed. Changes nothing and
/// waits for nothing; any address will do.
template <class Record>
void prefetch(const Record* record) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(record);
  for (std::size_t at = 0; at < sizeof(Record); at += 64) __builtin_prefetch(bytes + at, 1);
  __builtin_prefetch(bytes + sizeof(Record) - 1, 1);  // a record need not begin with a line
}

}  // namespace deskpulse::memory
