#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmath>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/metrics/families.hpp"
#include "daemon/metrics/own_series.hpp"

namespace deskpulse::metrics {
namespace {

/// Fields of /proc/self/stat, counted from the state (field 3 of proc(5)), behind the program's
/// name, which may contain anything.
struct Stat {
  double cpu_seconds = 0;
  double threads = 0;
  double start_since_boot_seconds = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

std::optional<Stat> read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  if (fields.size() < 22) return std::nullopt;
  const auto field = [&](std::size_t number) { return std::stod(fields[number - 3]); };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return Stat{.cpu_seconds = (field(14) + field(15)) / ticks,
              .threads = field(20),
              .start_since_boot_seconds = field(22) / ticks,
              .virtual_bytes = field(23),
              .resident_bytes = field(24) * static_cast<double>(sysconf(_SC_PAGESIZE))};
}

double now_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// The time of boot that /proc/stat has is hidden under systemd's ProcSubset=pid, so it is worked
/// out from the clocks, once: a clock that is set later does not move a start.
double start_seconds(const Stat& stat) {
  static const double boot = now_seconds(CLOCK_REALTIME) - now_seconds(CLOCK_BOOTTIME);
  return std::round((boot + stat.start_since_boot_seconds) * 100) / 100;
}

std::optional<double> open_files() {
  std::error_code error;
  std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return std::nullopt;
  const auto count = std::distance(begin(files), end(files));
  return static_cast<double>(count - 1);  // without the one that lists them
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessCollectable::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](prometheus::MetricFamily family, double value) {
    add_series(family, value);
    families.push_back(std::move(family));
  };
  if (const auto stat = read_stat()) {
    add(counter_family("process_cpu_seconds_total", "CPU time used, user and system (CPU 时间)."),
        stat->cpu_seconds);
    add(gauge_family("process_resident_memory_bytes", "Memory in use (常驻内存)."),
        stat->resident_bytes);
    add(gauge_family("process_virtual_memory_bytes", "Address space in use (虚拟内存)."),
        stat->virtual_bytes);
    add(gauge_family("process_start_time_seconds", "When the process started (启动时间)."),
        start_seconds(*stat));
    add(gauge_family("process_threads", "Threads of the process (线程数)."), stat->threads);
  }
  if (const auto count = open_files()) {
    add(gauge_family("process_open_fds", "File descriptors in use (打开的文件数)."), *count);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    add(gauge_family("process_max_fds", "File descriptors allowed (文件数上限)."),
        static_cast<double>(limit.rlim_cur));
  }
  return families;
}

}  // namespace deskpulse::metrics
