#include "daemon/http/request_head.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "daemon/http/authority.hpp"
#include "daemon/http/content_coding.hpp"

namespace deskpulse::http {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

/// `b` is in lower case.
bool is_same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == y; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

/// Without white space. More than a URI has: who types Chinese behind `?shop=` may send it as it
/// is.
bool is_target(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t") == std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// What stands before `separator`, which goes as well; all of `text` where there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (is_same_word(trim(take_until(list, ',')), word)) return true;
  }
  return false;
}

}  // namespace

bool RequestHead::take(std::string_view line) {
  if (!has_request_line_) {
    if (line.empty()) return false;  // left over from whatever was before (2.2)
    has_request_line_ = true;
    take_request_line(line);
  } else if (!line.empty()) {
    take_field(line);
  } else {
    finish();
    return true;
  }
  return received_.refusal.has_value();
}

void RequestHead::refuse(unsigned status, std::string_view sentence) {
  received_.refusal = Refusal{status, sentence};
  received_.keep_alive = false;
}

void RequestHead::take_request_line(std::string_view line) {
  const std::string_view method = take_until(line, ' ');
  const std::string_view target = take_until(line, ' ');
  const std::string_view version = line;
  const bool is_version = version.size() == 8 && version.starts_with("HTTP/") &&
                          is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (!is_token(method) || !is_target(target) || !is_version) return refuse_nonsense();
  if (version[5] != '1') return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  is_1_0_ = version[7] == '0';  // a later one than 1.1 is spoken as that (RFC 9110, 2.5)
  if (method == "GET") received_.method = ReceivedRequest::Method::get;
  if (method == "HEAD") received_.method = ReceivedRequest::Method::head;
  take_target(method, target);
}

void RequestHead::take_target(std::string_view method, std::string_view target) {
  if (method == "CONNECT") {
    const std::optional<Authority> to = parse_authority(target);
    if (!to || to->port.empty()) refuse_nonsense();
    return;  // it asks for no page, so there is no path
  }
  if (method == "OPTIONS" && target == "*") return;
  const std::size_t scheme_end = target.find("://");
  const std::string_view scheme =
      scheme_end == std::string_view::npos ? std::string_view{} : target.substr(0, scheme_end);
  if (is_same_word(scheme, "http") || is_same_word(scheme, "https")) {  // as to a proxy
    target.remove_prefix(scheme_end + 3);
    authority_ = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(authority_.size());
    if (!parse_authority(authority_)) return refuse_nonsense();
  } else if (!target.starts_with('/')) {
    return refuse_nonsense();
  }
  received_.request.path = take_until(target, '?');
  if (received_.request.path.empty()) received_.request.path = "/";
  received_.request.query = target;
}

void RequestHead::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  // Also a line that begins with white space and goes on with the one before it, and a name with
  // white space behind it.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return refuse_nonsense();
  }
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    if (!is_same_word(line.substr(0, colon), kFieldNames[i])) continue;
    Value& value = fields_[i];
    if (++value.lines > 1) value.text += ", ";
    value.text += trim(line.substr(colon + 1));
  }
}

void RequestHead::finish() {
  const std::size_t hosts = fields_[host].lines;
  if (hosts > 1 || (hosts == 0 && !is_1_0_)) {
    return refuse(400, "An HTTP/1.1 request has one Host.");
  }
  if (hosts == 1 && !parse_authority(fields_[host].text)) {
    return refuse(400, "This Host is neither a name nor an address.");
  }
  const std::optional<bool> body = has_body();
  if (!body) return refuse(400, "Where this request ends is not clear.");
  if (received_.request.path.empty()) return refuse(405, "Only GET and HEAD are answered here.");

  Request& request = received_.request;
  request.accepts_gzip = accepts_gzip(fields_[accept_encoding].text);
  request.host = std::move(authority_.empty() ? fields_[host].text : authority_);
  request.origin = std::move(fields_[origin].text);
  request.if_none_match = std::move(fields_[if_none_match].text);
  received_.authorization = std::move(fields_[authorization].text);
  received_.keep_alive = wants_to_stay() && !*body;
}

std::optional<bool> RequestHead::has_body() const {
  const Value& coding = fields_[transfer_encoding];
  const Value& length = fields_[content_length];
  if (coding.lines != 0) {
    // The only coding that every recipient must know. With a length beside it, or from a sender of
    // HTTP/1.0, which has no codings, somebody on the way has read it in another way (6.1, 6.3).
    const bool is_clear = is_same_word(coding.text, "chunked") && length.lines == 0 && !is_1_0_;
    return is_clear ? std::optional(true) : std::nullopt;
  }
  if (length.lines == 0) return false;
  const bool is_number = length.lines == 1 && !length.text.empty() &&
                         std::all_of(length.text.begin(), length.text.end(), is_digit);
  if (!is_number) return std::nullopt;
  return length.text.find_first_not_of('0') != std::string::npos;
}

bool RequestHead::wants_to_stay() const {
  const std::string_view options = fields_[connection].text;
  return !has_word(options, "close") && (!is_1_0_ || has_word(options, "keep-alive"));
}

}  // namespace deskpulse::http
