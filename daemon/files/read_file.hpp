// What an operator's files hold: the configuration, secrets, certificates.
#pragma once

#include <cstddef>
#include <string>

namespace deskpulse::files {

/// What a file holds, or why it cannot be had: "No such file or directory", "it is a pipe, no
/// regular file". One of them is empty; both are for an empty file.
struct Contents {
  std::string text;
  std::string error;  ///< fits behind "cannot read PATH: "; never what is in the file
};

/// More than any of them needs: the system's certificate authorities take a quarter of a MiB.
inline constexpr std::size_t kMaxBytes = std::size_t{16} * 1024 * 1024;

/// A pipe is a pipe of a shell, as in `<(…)` or /dev/stdin, not one with a name.
enum class Pipes { refused, read };

/// Reads a regular file of at most kMaxBytes, or /dev/null. Anything else is refused: a named pipe
/// would wait for its writer, and a device may have no end. So it never waits for anybody, and may
/// be called on a thread that others wait for. With Pipes::read it does wait, for the end of the
/// pipe; that holds once only, as the pipe is empty then.
Contents read_file(const std::string& path, Pipes pipes = Pipes::refused);

}  // namespace deskpulse::files
