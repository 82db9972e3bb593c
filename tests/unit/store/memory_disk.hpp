// A disk in memory that fails where a test says so.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "daemon/store/disk.hpp"

namespace deskpulse::store {

class MemoryDisk final : public Disk {
 public:
  using Bytes = std::vector<std::byte>;

  /// By name. Open files go on with what they had, as on a disk.
  std::map<std::string, std::shared_ptr<Bytes>, std::less<>> files;
  /// Asked before each call, by its name in Disk; an error is what the call then says. Where write
  /// fails, half of the bytes are there.
  std::function<std::error_code(std::string_view call, std::string_view name)> fault;
  /// Answers of open() by name, before the file is looked for.
  std::map<std::string, std::errc, std::less<>> refused;
  std::vector<std::string>
      calls;  ///< "rename snapshot.tmp snapshot-a", where they change something
  std::size_t open_files = 0;

  Bytes& bytes(std::string_view name) { return *files.find(name)->second; }
  void put(std::string_view name, std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    files[std::string(name)] = std::make_shared<Bytes>(view.begin(), view.end());
  }
  std::string text(std::string_view name) {
    const Bytes& all = bytes(name);
    return {reinterpret_cast<const char*>(all.data()), all.size()};
  }
  bool has(std::string_view name) const { return files.contains(name); }

  std::error_code create(const char* name, File& file) override {
    if (const auto error = failing("create", name)) return error;
    files[name] = std::make_shared<Bytes>();
    file = opened(name);
    return {};
  }
  std::error_code write(File file, std::span<const std::byte> bytes) override {
    const auto error = failing("write", {});
    if (error) bytes = bytes.first(bytes.size() / 2);
    Bytes& to = *open_[index(file)].bytes;
    to.insert(to.end(), bytes.begin(), bytes.end());
    return error;
  }
  std::error_code sync(File) override { return failing("sync", {}); }
  std::error_code close(File file) override {
    open_[index(file)].bytes.reset();
    --open_files;
    return failing("close", {});
  }
  std::error_code rename(const char* from, const char* to) override {
    if (const auto error = failing("rename", std::string(from) + " " + to)) return error;
    const auto found = files.find(from);
    if (found == files.end()) return std::make_error_code(std::errc::no_such_file_or_directory);
    files[to] = found->second;
    files.erase(found);
    return {};
  }
  std::error_code remove(const char* name) override {
    if (const auto error = failing("remove", name)) return error;
    if (files.erase(name) == 0) return std::make_error_code(std::errc::no_such_file_or_directory);
    return {};
  }
  std::error_code sync_directory() override { return failing("sync_directory", {}); }
  std::error_code open(const char* name, File& file) override {
    if (fault)
      if (const auto error = fault("open", name)) return error;
    const auto why = refused.find(name);
    if (why != refused.end()) return std::make_error_code(why->second);
    if (!has(name)) return std::make_error_code(std::errc::no_such_file_or_directory);
    file = opened(name);
    return {};
  }
  std::error_code read(File file, std::span<std::byte> to, std::size_t& got) override {
    if (fault)
      if (const auto error = fault("read", {})) return error;
    Open& from = open_[index(file)];
    got = std::min(to.size(), from.bytes->size() - from.at);
    std::copy_n(from.bytes->begin() + static_cast<std::ptrdiff_t>(from.at), got, to.begin());
    from.at += got;
    return {};
  }
  std::error_code size(File file, std::uint64_t& bytes) override {
    if (fault)
      if (const auto error = fault("size", {})) return error;
    bytes = open_[index(file)].bytes->size();
    return {};
  }
  std::error_code list(std::vector<std::string>& names) override {
    if (fault)
      if (const auto error = fault("list", {})) return error;
    names.clear();
    for (const auto& [name, content] : files) names.push_back(name);
    return {};
  }

 private:
  struct Open {
    std::shared_ptr<Bytes> bytes;
    std::size_t at = 0;
  };
  static std::size_t index(File file) { return static_cast<std::size_t>(file); }
  File opened(std::string_view name) {
    ++open_files;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (open_[i].bytes) continue;
      open_[i] = {files.find(name)->second, 0};
      return static_cast<File>(i);
    }
    open_.push_back({files.find(name)->second, 0});
    return static_cast<File>(open_.size() - 1);
  }
  std::error_code failing(std::string_view call, std::string_view name) {
    calls.push_back(std::string(call) + (name.empty() ? "" : " ") + std::string(name));
    return fault ? fault(call, name) : std::error_code{};
  }

  std::vector<Open> open_;
};

}  // namespace deskpulse::store
