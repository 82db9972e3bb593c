// A disk that breaks every promise it has not made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "daemon/store/disk.hpp"
#include "tests/simulation/random.hpp"

namespace deskpulse::simulation {

/// Thrown out of the middle of whatever was going on: the process, or the whole machine, is gone.
struct Crash {};

/// Files in memory, with what POSIX says of a crash taken at its word: bytes are safe after a
/// sync() that succeeded, names after a sync_directory() that did. Of the rest any part may be lost
/// by power_cut(): each write wholly, from some byte on or not at all, in any order; the length of
/// a file without its bytes; each creation, rename and removal, in any order. A sync() that failed
/// has forgotten what it was to make safe, and a later one does not bring it back (as Linux does).
///
/// What goes wrong is chosen by Faults and a seed. Every call is counted, so that a crash can be
/// asked for before, during or after the n-th from now.
class SimulatedDisk final : public store::Disk {
 public:
  explicit SimulatedDisk(std::uint64_t seed);

  struct Faults {
    unsigned eio_percent = 0;       ///< of each call that writes, syncs, renames, removes, closes
    unsigned eio_read_percent = 0;  ///< of each call that opens, reads, lists
  };
  Faults faults;
  /// sync() and sync_directory() say yes and do nothing.
  bool lies_about_sync = false;
  /// Bytes that all files together may take; a write that does not fit is done in part.
  std::uint64_t capacity = ~std::uint64_t{0};

  /// The process dies at the n-th call from now, which is 0: before, amidst or after it.
  void crash_in(std::uint64_t calls) { crash_in_ = calls; }
  void cancel_crash() {
    crash_in_.reset();
    crash_after_ = false;
  }
  std::uint64_t calls() const { return calls_; }

  /// The process that used the disk is gone: its files are closed, and what it still does (in
  /// destructors) does nothing.
  void process_gone();
  /// A new process may use it.
  void process_begins();
  /// The machine stops: what was not made safe is lost in part.
  void power_cut();
  /// The same disk after the worst power cut there is: all is lost that may be.
  std::unique_ptr<SimulatedDisk> after_the_worst() const;
  /// Changes one byte or cuts the end off, as years do. False when there is no such file, or it is
  /// empty.
  bool damage(const std::string& name);
  /// Names and lengths, for a trace.
  std::string text() const;
  /// Bytes that all files together take.
  std::uint64_t used() const;
  bool has(const std::string& name) const { return names_.contains(name); }

  std::error_code create(const char* name, File& file) override;
  std::error_code write(File file, std::span<const std::byte> bytes) override;
  std::error_code sync(File file) override;
  std::error_code close(File file) override;
  std::error_code rename(const char* from, const char* to) override;
  std::error_code remove(const char* name) override;
  std::error_code sync_directory() override;
  std::error_code open(const char* name, File& file) override;
  std::error_code read(File file, std::span<std::byte> to, std::size_t& got) override;
  std::error_code size(File file, std::uint64_t& bytes) override;
  std::error_code list(std::vector<std::string>& names) override;

 private:
  using Bytes = std::vector<std::byte>;
  struct Write {
    std::size_t at = 0;
    Bytes bytes;
  };
  struct Inode {
    Bytes seen;                 ///< what reads give
    Bytes safe;                 ///< what a power cut cannot take
    std::vector<Write> unsafe;  ///< written since, by age
  };
  using Id = std::uint64_t;
  using Names = std::map<std::string, Id>;
  struct NameChange {
    enum class What { create, rename, remove } what{};
    std::string name;
    std::string to;  ///< rename
    Id inode = 0;
  };
  struct Open {
    Id inode = 0;
    std::size_t read_at = 0;
  };

  static void apply(Names& names, const NameChange& change);
  static void apply(Bytes& bytes, const Write& write, std::size_t length);
  void change_names(NameChange change);

  /// Counts a call; says that it fails, or throws Crash. Where that is to be amidst the call,
  /// `torn` is set and the call throws itself.
  std::error_code begin(unsigned eio_percent, bool* torn = nullptr);
  Inode* inode_of(File file);

  Random random_;
  std::map<Id, Inode> inodes_;
  Id next_inode_ = 1;
  Names names_;                             ///< as a process sees them
  Names safe_names_;                        ///< as they are after any power cut
  std::vector<NameChange> unsafe_changes_;  ///< since, by age
  std::map<File, Open> files_;
  File next_file_ = 3;
  std::optional<std::uint64_t> crash_in_;
  bool crash_after_ = false;
  std::uint64_t calls_ = 0;
  bool dead_ = false;
};

}  // namespace deskpulse::simulation
