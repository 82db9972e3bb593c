#include <cstdio>
#include <string>

#include "daemon/simulator/commands.hpp"

namespace deskpulse::simulator {

int run(const WriteCommand& command) {
  Traffic traffic(command.traffic);
  std::uint64_t left = command.events;
  Deliveries deliveries(
      [&]() -> std::optional<Spoken> {
        if (left == 0) return std::nullopt;
        --left;
        return traffic.next();
      },
      command.faults, command.traffic.seed);

  constexpr std::size_t kBuffer = 1 << 20;
  std::string out;
  out.reserve(kBuffer + 4096);
  const auto flush = [&] {
    const bool written = std::fwrite(out.data(), 1, out.size(), stdout) == out.size();
    out.clear();
    return written;
  };
  bool written = true;
  while (const auto delivery = deliveries.next()) {
    out += delivery->json;
    out += '\n';
    if (out.size() >= kBuffer && !(written = flush())) break;
  }
  if (written) written = flush() && std::fflush(stdout) == 0;
  if (!written) {
    std::perror("deskpulse-sim: Cannot write the events");
    return kIoError;
  }
  return 0;
}

}  // namespace deskpulse::simulator
