// Reads a file of events: one JSON object a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <system_error>

#include "daemon/intake/intake.hpp"
#include "proto/event.hpp"
#include "proto/rejection.hpp"

namespace deskpulse::feed {

struct ReplaySettings {
  std::size_t max_line_bytes = 1 << 20;  ///< a longer line is `too_large`, and skipped
  std::size_t max_depth = 32;
};

struct ReplayResult {
  std::uint64_t lines = 0;  ///< with an event or something that should have been one
  std::uint64_t bytes = 0;
  /// How far the newest of the recording's lines about time says that time went on.
  std::optional<proto::Instant> watermark;
  std::error_code error;  ///< reading failed; what came before has been taken
};

/// What a refused line was, for a message to the operator: its number, counted from 1, the reason
/// and the field, never the content. Called for what the decoder refuses.
using RefusedLine = std::function<void(std::uint64_t line, const proto::Rejection& rejection)>;
/// Called about once per MiB with the bytes read so far.
using Progress = std::function<void(std::uint64_t bytes)>;
using WallClock = std::function<proto::Instant()>;

/// Reads the descriptor to its end and hands every event to `intake`; the caller then calls
/// intake.finish(), until the watermark of the result at least. What a journal says of time
/// (watermark_line.hpp) moves it as it once did, and is no event. Empty lines and lines that begin
/// with `#` are skipped; a line may end with CR LF, the last one with nothing. `wall` gives the
/// wall clock of the rule on future events (R4), and is asked at each read: a pipe may be open for
/// long. Events are handed over in their order, a few lines behind the one that is being decoded,
/// so a refused line may be told before the events of the lines next to it are taken. Decodes in
/// place from 1 MiB reads: about 300 ns a line of 220 bytes without the intake.
ReplayResult replay(int descriptor, intake::Intake& intake, const WallClock& wall,
                    const ReplaySettings& settings = {}, const RefusedLine& refused = {},
                    const Progress& progress = {});

}  // namespace deskpulse::feed
