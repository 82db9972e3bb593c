// How many files this process may open.
#pragma once

#include <cstddef>

namespace deskpulse::http {

/// File descriptors that this process may still open under RLIMIT_NOFILE. What cannot be found out
/// is taken for plenty.
std::size_t spare_file_descriptors();

/// How many of `wanted` connections fit into `spare` file descriptors: some are left for the feed,
/// the snapshots and the files of the pages, at least one connection is always had.
std::size_t connections_within(std::size_t spare, std::size_t wanted);

}  // namespace deskpulse::http
