#include "tests/simulation/simulated_disk.hpp"

#include <algorithm>
#include <utility>

namespace deskpulse::simulation {

namespace {

std::error_code error(std::errc what) { return std::make_error_code(what); }

}  // namespace

SimulatedDisk::SimulatedDisk(std::uint64_t seed) : random_(seed, "disk") {}

// ---------------------------------------------------------------------------------------------------
// What goes wrong

std::error_code SimulatedDisk::begin(unsigned eio_percent, bool* torn) {
  if (dead_) return error(std::errc::io_error);
  ++calls_;
  if (std::exchange(crash_after_, false)) throw Crash{};
  if (crash_in_) {
    if (*crash_in_ == 0) {
      crash_in_.reset();
      switch (random_.below(3)) {
        case 0:
          throw Crash{};
        case 1:
          if (torn == nullptr) throw Crash{};
          *torn = true;
          break;
        default:
          crash_after_ = true;  // this call is done, the next one is not
      }
    } else {
      --*crash_in_;
    }
  }
  if (eio_percent > 0 && random_.percent(eio_percent)) return error(std::errc::io_error);
  return {};
}

void SimulatedDisk::process_gone() {
  files_.clear();
  crash_in_.reset();
  crash_after_ = false;
  dead_ = true;
}

void SimulatedDisk::process_begins() { dead_ = false; }

void SimulatedDisk::power_cut() {
  process_gone();
  for (auto& [id, inode] : inodes_) {
    // Any subset in any order: the later one of two on the same bytes may have come first.
    std::vector<Write>& writes = inode.unsafe;
    const unsigned kept = random_.of({0U, 0U, 50U, 90U, 100U});
    for (std::size_t i = writes.size(); i > 1; --i) {
      if (random_.percent(10)) std::swap(writes[i - 1], writes[random_.below(i)]);
    }
    for (const Write& write : writes) {
      if (!random_.percent(kept)) continue;
      const std::size_t whole = write.bytes.size();
      apply(inode.safe, write, random_.percent(20) ? random_.below(whole + 1) : whole);
    }
    // The length may be known without the bytes.
    if (!writes.empty() && random_.percent(20)) {
      inode.safe.resize(std::max(inode.safe.size(), inode.seen.size()));
    }
    writes.clear();
    inode.seen = inode.safe;
  }
  const unsigned kept = random_.of({0U, 50U, 50U, 100U});
  for (const NameChange& change : unsafe_changes_) {
    if (random_.percent(kept)) apply(safe_names_, change);
  }
  unsafe_changes_.clear();
  names_ = safe_names_;
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::after_the_worst() const {
  auto worst = std::make_unique<SimulatedDisk>(0);
  worst->names_ = worst->safe_names_ = safe_names_;
  for (const auto& [id, inode] : inodes_) worst->inodes_[id] = {inode.safe, inode.safe, {}};
  worst->next_inode_ = next_inode_;
  return worst;
}

bool SimulatedDisk::damage(const std::string& name) {
  const auto found = names_.find(name);
  if (found == names_.end()) return false;
  Inode& inode = inodes_[found->second];
  if (inode.seen.empty()) return false;
  const std::size_t at = random_.below(inode.seen.size());
  if (random_.percent(50)) {
    inode.seen[at] ^= static_cast<std::byte>(1 + random_.below(255));
  } else {
    inode.seen.resize(at);
  }
  inode.safe = inode.seen;
  inode.unsafe.clear();
  return true;
}

std::string SimulatedDisk::text() const {
  std::string text;
  for (const auto& [name, id] : names_) {
    const Inode& inode = inodes_.at(id);
    if (!text.empty()) text += ' ';
    text += name + ':' + std::to_string(inode.seen.size());
    const auto safe = safe_names_.find(name);
    if (!inode.unsafe.empty()) text += '*';
    if (safe == safe_names_.end() || safe->second != id) text += '?';
  }
  return text;
}

// ---------------------------------------------------------------------------------------------------
// Files and names

void SimulatedDisk::apply(Bytes& bytes, const Write& write, std::size_t length) {
  bytes.resize(std::max(bytes.size(), write.at + length));
  std::copy_n(write.bytes.begin(), length, bytes.begin() + static_cast<std::ptrdiff_t>(write.at));
}

void SimulatedDisk::apply(Names& names, const NameChange& change) {
  switch (change.what) {
    case NameChange::What::create:
      names[change.name] = change.inode;
      return;
    case NameChange::What::remove:
      names.erase(change.name);
      return;
    case NameChange::What::rename:
      names[change.to] = change.inode;
      // The old name may mean another file already, where changes were lost in between.
      if (const auto old = names.find(change.name);
          old != names.end() && old->second == change.inode) {
        names.erase(old);
      }
      return;
  }
}

void SimulatedDisk::change_names(NameChange change) {
  apply(names_, change);
  unsafe_changes_.push_back(std::move(change));
}

std::uint64_t SimulatedDisk::used() const {
  std::uint64_t bytes = 0;
  std::set<Id> counted;
  for (const auto& [name, id] : names_) {
    if (counted.insert(id).second) bytes += inodes_.at(id).seen.size();
  }
  return bytes;
}

SimulatedDisk::Inode* SimulatedDisk::inode_of(File file) {
  const auto found = files_.find(file);
  return found == files_.end() ? nullptr : &inodes_.at(found->second.inode);
}

std::error_code SimulatedDisk::create(const char* name, File& file) {
  if (const auto failed = begin(faults.eio_percent)) return failed;
  const Id inode = next_inode_++;
  inodes_[inode];
  change_names({NameChange::What::create, name, {}, inode});
  file = next_file_++;
  files_[file] = {inode, 0};
  return {};
}

std::error_code SimulatedDisk::write(File file, std::span<const std::byte> bytes) {
  bool torn = false;
  const auto failed = begin(faults.eio_percent, &torn);
  Inode* const inode = inode_of(file);
  if (inode == nullptr) return failed ? failed : error(std::errc::bad_file_descriptor);
  const std::uint64_t taken = used();
  const std::uint64_t room = capacity > taken ? capacity - taken : 0;
  std::size_t length = std::min<std::uint64_t>(bytes.size(), room);
  const bool full = length < bytes.size();
  if (torn || failed) length = random_.below(length + 1);
  if (length > 0) {
    Write write{inode->seen.size(),
                Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))};
    apply(inode->seen, write, length);
    inode->unsafe.push_back(std::move(write));
  }
  if (torn) throw Crash{};
  if (failed) return failed;
  return full ? error(std::errc::no_space_on_device) : std::error_code{};
}

std::error_code SimulatedDisk::sync(File file) {
  bool torn = false;
  const auto failed = begin(faults.eio_percent, &torn);
  Inode* const inode = inode_of(file);
  if (inode == nullptr) return failed ? failed : error(std::errc::bad_file_descriptor);
  if (lies_about_sync) return {};
  const unsigned kept = torn || failed ? 50 : 100;
  for (const Write& write : inode->unsafe) {
    if (random_.percent(kept)) apply(inode->safe, write, write.bytes.size());
  }
  inode->unsafe.clear();
  if (torn) throw Crash{};
  return failed;
}

std::error_code SimulatedDisk::close(File file) {
  if (dead_) return error(std::errc::io_error);
  // No crash here: a destructor may call it. The next call comes soon enough.
  std::error_code failed;
  if (random_.percent(faults.eio_percent)) failed = error(std::errc::io_error);
  if (files_.erase(file) == 0) return failed ? failed : error(std::errc::bad_file_descriptor);
  return failed;
}

std::error_code SimulatedDisk::rename(const char* from, const char* to) {
  if (const auto failed = begin(faults.eio_percent)) return failed;
  const auto found = names_.find(from);
  if (found == names_.end()) return error(std::errc::no_such_file_or_directory);
  change_names({NameChange::What::rename, from, to, found->second});
  return {};
}

std::error_code SimulatedDisk::remove(const char* name) {
  if (const auto failed = begin(faults.eio_percent)) return failed;
  const auto found = names_.find(name);
  if (found == names_.end()) return error(std::errc::no_such_file_or_directory);
  change_names({NameChange::What::remove, name, {}, found->second});
  return {};
}

std::error_code SimulatedDisk::sync_directory() {
  bool torn = false;
  const auto failed = begin(faults.eio_percent, &torn);
  if (dead_) return failed;
  if (lies_about_sync) return {};
  if (torn || failed) {
    // Some have become safe. The others still may: names, unlike bytes, stay in the journal.
    std::vector<NameChange> left;
    for (NameChange& change : unsafe_changes_) {
      if (left.empty() && random_.percent(50)) {
        apply(safe_names_, change);
      } else {
        left.push_back(std::move(change));
      }
    }
    unsafe_changes_ = std::move(left);
  } else {
    safe_names_ = names_;
    unsafe_changes_.clear();
  }
  if (torn) throw Crash{};
  return failed;
}

std::error_code SimulatedDisk::open(const char* name, File& file) {
  if (const auto failed = begin(faults.eio_read_percent)) return failed;
  const auto found = names_.find(name);
  if (found == names_.end()) return error(std::errc::no_such_file_or_directory);
  file = next_file_++;
  files_[file] = {found->second, 0};
  return {};
}

std::error_code SimulatedDisk::read(File file, std::span<std::byte> to, std::size_t& got) {
  if (const auto failed = begin(faults.eio_read_percent)) return failed;
  const Inode* const inode = inode_of(file);
  if (inode == nullptr) return error(std::errc::bad_file_descriptor);
  std::size_t& at = files_[file].read_at;
  got = std::min(to.size(), inode->seen.size() - std::min(at, inode->seen.size()));
  std::copy_n(inode->seen.begin() + static_cast<std::ptrdiff_t>(at), got, to.begin());
  at += got;
  return {};
}

std::error_code SimulatedDisk::size(File file, std::uint64_t& bytes) {
  if (const auto failed = begin(faults.eio_read_percent)) return failed;
  const Inode* const inode = inode_of(file);
  if (inode == nullptr) return error(std::errc::bad_file_descriptor);
  bytes = inode->seen.size();
  return {};
}

std::error_code SimulatedDisk::list(std::vector<std::string>& names) {
  if (const auto failed = begin(faults.eio_read_percent)) return failed;
  names.clear();
  for (const auto& [name, id] : names_) names.push_back(name);
  return {};
}

}  // namespace deskpulse::simulation
