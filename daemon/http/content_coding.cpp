#include "daemon/http/content_coding.hpp"

#include <libdeflate.h>

#include <cctype>
#include <new>
#include <optional>
#include <stdexcept>

namespace deskpulse::http {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != lower[i]) return false;
  }
  return true;
}

/// Takes what stands before `separator` off the front of `text`.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return trim(taken);
}

/// Of the parameters behind a coding: q=0, q=0.0 and so on.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take_until(parameters, ';');
    if (parameter.size() < 2 || (parameter[0] != 'q' && parameter[0] != 'Q')) continue;
    const std::string_view weight = trim(parameter.substr(1));
    if (weight.empty() || weight[0] != '=') continue;
    return trim(weight.substr(1)).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> any;
  while (!accept_encoding.empty()) {
    std::string_view parameters = take_until(accept_encoding, ',');
    const std::string_view coding = take_until(parameters, ';');
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
      return !is_refused(parameters);
    }
    if (coding == "*") any = !is_refused(parameters);
  }
  return any.value_or(false);
}

std::string gunzip(std::string_view bytes) {
  constexpr std::size_t kTrailer = 4;  // the size of the text, little-endian
  std::size_t size = 0;
  for (std::size_t i = 0; i < kTrailer && bytes.size() >= kTrailer; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[bytes.size() - kTrailer + i]))
            << 8 * i;
  }
  std::string text(size, '\0');
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (decompressor == nullptr) throw std::bad_alloc();
  if (libdeflate_gzip_decompress(decompressor.get(), bytes.data(), bytes.size(), text.data(),
                                 text.size(), nullptr) != LIBDEFLATE_SUCCESS) {
    throw std::logic_error("these bytes are no whole gzip");
  }
  return text;
}

class Gzip::Compressor {
 public:
  Compressor() : handle_(libdeflate_alloc_compressor(1)) {
    if (handle_ == nullptr) throw std::bad_alloc();
  }
  ~Compressor() { libdeflate_free_compressor(handle_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  libdeflate_compressor* handle() const { return handle_; }

 private:
  libdeflate_compressor* handle_;
};

Gzip::Gzip() : compressor_(std::make_unique<Compressor>()) {}
Gzip::~Gzip() = default;

std::string Gzip::compress(std::string_view text) {
  room_.clear();
  const std::size_t bound = libdeflate_gzip_compress_bound(compressor_->handle(), text.size());
  char* const to = room_.room(bound);
  const std::size_t size =
      libdeflate_gzip_compress(compressor_->handle(), text.data(), text.size(), to, bound);
  return {to, size};  // the bound makes a size of 0, "no room", impossible
}

}  // namespace deskpulse::http
