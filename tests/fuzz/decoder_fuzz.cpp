// The decoder, on one text as an event, a plain frame, and a frame of either side of a session.
//
// Beside that nothing breaks: whether a text is JSON does not depend on what it is read as, what
// lies behind its end changes nothing, an event says the same alone and in an array, tighter limits
// can only refuse, and an event that is written again reads the same.
#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "proto/decoder.hpp"
#include "proto/encoder.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace {

using namespace deskpulse::proto;

bool same(const Event& a, const Event& b) {
  return a.type == b.type && a.from == b.from && a.kind == b.kind && a.status == b.status &&
         a.order_status == b.order_status && a.score == b.score && a.ts == b.ts && a.id == b.id &&
         a.shop == b.shop && a.customer == b.customer && a.agent == b.agent &&
         a.from_agent == b.from_agent && a.topic == b.topic && a.name == b.name &&
         a.group == b.group && a.capacity == b.capacity && a.order == b.order &&
         a.amount_e4 == b.amount_e4 && a.items == b.items;
}

/// Owns what it says, since the next call of the decoder takes the views away.
struct Said {
  bool ok = false;
  Rejection rejection{};
  std::string text{};  ///< of what was read
  friend bool operator==(const Said&, const Said&) = default;
};

void write(std::string& to, const Event& event) { append_event(to, event); }
void write(std::string& to, const Decoded<Event>& event) {
  if (event) {
    append_event(to, *event);
  } else {
    to += reason_name(event.error().reason);
    to += event.error().field;
  }
  to += '\n';
}
void write(std::string& to, std::span<const Decoded<Event>> events) {
  for (const auto& event : events) write(to, event);
}
void write(std::string& to, const ServerFrame& frame) {
  std::visit(
      [&to](const auto& one) {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, Events>) {
          to += std::to_string(one.seq) + ':';
          write(to, one.events);
        } else {
          append_frame(to, one);
        }
      },
      frame);
}
void write(std::string& to, const ClientFrame& frame) {
  std::visit([&to](const auto& one) { append_frame(to, one); }, frame);
}

template <class T>
Said said(const Decoded<T>& decoded) {
  if (!decoded) return {false, decoded.error(), {}};
  Said all{true, {}, {}};
  write(all.text, *decoded);
  return all;
}

struct Answers {
  Said event;
  Said plain;
  Said server;
  Said client;
  friend bool operator==(const Answers&, const Answers&) = default;
};

Answers ask(Decoder& decoder, std::string_view text, Tail tail) {
  Answers answers;
  answers.event = said(decoder.event(text, tail));
  answers.plain = said(decoder.plain_frame(text, tail));
  answers.server = said(decoder.server_frame(text, tail));
  answers.client = said(decoder.client_frame(text, tail));
  return answers;
}

/// Of the text as a whole, whatever it is read as.
bool is_of_the_text(const Said& said) {
  return !said.ok &&
         (said.rejection.reason == Reject::not_json || said.rejection.reason == Reject::too_deep ||
          (said.rejection.reason == Reject::too_large && said.rejection.field.empty()));
}

void check_same_text(const Answers& answers) {
  const auto whole = is_of_the_text(answers.event);
  for (const Said* other : {&answers.plain, &answers.server, &answers.client}) {
    assert(is_of_the_text(*other) == whole);
    assert(!whole || other->rejection == answers.event.rejection);
  }
}

/// `tight` refuses more, and changes nothing of what it takes.
void check_tighter(const Said& wide, const Said& tight) {
  if (tight == wide) return;
  assert(!tight.ok);
  assert(tight.rejection.reason == Reject::too_large || tight.rejection.reason == Reject::too_deep);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // One for all calls, as a session has it: its buffers must not remember.
  static Decoder decoder({.max_bytes = 1 << 16, .max_depth = 32, .max_events = 100});
  static Decoder other({.max_bytes = 1 << 16});
  static Decoder tight({.max_bytes = 1 << 8, .max_depth = 3, .max_events = 2});
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const Answers answers = ask(decoder, text, Tail::unknown);
  check_same_text(answers);
  constexpr std::string_view kBehind = "\"\xc2}1";
  std::vector<char> padded(text.begin(), text.end());
  padded.resize(size + Decoder::kPadding, kBehind[size % kBehind.size()]);
  assert(ask(decoder, {padded.data(), size}, Tail::padded) == answers);

  const Answers few = ask(tight, text, Tail::unknown);
  check_same_text(few);
  check_tighter(answers.event, few.event);
  check_tighter(answers.plain, few.plain);
  check_tighter(answers.server, few.server);
  check_tighter(answers.client, few.client);

  if (!is_of_the_text(answers.event)) {
    // Deeper by one, and longer by two.
    const Said array = said(decoder.plain_frame("[" + std::string(text) + "]"));
    std::string alone;
    if (const auto event = decoder.event(text); !event || size > 0) write(alone, event);
    assert(is_of_the_text(array) || (array.ok && array.text == alone));
  }
  if (answers.event.ok) {
    const auto event = decoder.event(text);
    const std::string& again = answers.event.text;
    const auto decoded = other.event(again);
    assert(decoded && same(*decoded, *event));
    assert(said(decoded).text == again);
  }
  return 0;
}
