#include "proto/decoder.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "proto/event_decoder.hpp"
#include "proto/json_fields.hpp"

namespace deskpulse::proto {
namespace {

static_assert(Decoder::kPadding >= simdjson::SIMDJSON_PADDING);

/// Whether the text is without `\`, DEL and the byte that begins a C1 control character in UTF-8.
/// JSON allows no raw control character inside a string, so ids of such a text have none at all;
/// one pass here, which the compiler makes into vector instructions, replaces one per id. Reads up
/// to kPadding - 1 bytes behind the text; what is there can only make the answer `false`.
bool is_clean(const char* text, std::size_t size) {
  constexpr std::size_t kBlock = 32;
  static_assert(kBlock <= Decoder::kPadding);
  unsigned found = 0;
  for (std::size_t at = 0; at < size; at += kBlock) {
    std::array<unsigned char, kBlock> block;
    std::memcpy(block.data(), text + at, kBlock);
    std::array<unsigned char, kBlock> hits;
    // `|` and not `||`: without branches this becomes a few vector instructions.
    for (std::size_t i = 0; i < kBlock; ++i)
      hits[i] = static_cast<unsigned char>(int{block[i] == '\\'} | int{block[i] == 0x7f} |
                                           int{block[i] == 0xc2});
    unsigned char any = 0;
    for (std::size_t i = 0; i < kBlock; ++i) any |= hits[i];
    found |= any;
  }
  return found == 0;
}

template <class Value, std::size_t n>
std::optional<Value> find_word(const std::array<std::pair<std::string_view, Value>, n>& words,
                               std::string_view word) {
  for (const auto& [name, value] : words)
    if (name == word) return value;
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, Resume>, 4> kResumes{
    {{"ok", Resume::ok}, {"gap", Resume::gap}, {"reset", Resume::reset}, {"live", Resume::live}}};
constexpr std::array<std::pair<std::string_view, ByeCode>, 4> kByeCodes{
    {{"slow", ByeCode::slow},
     {"restart", ByeCode::restart},
     {"auth", ByeCode::auth},
     {"too_old", ByeCode::too_old}}};

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Longer promises of a heartbeat would never notice a dead server.
constexpr std::uint64_t kMaxHeartbeatMs = 600'000;

/// The named field of a session frame. simdjson gives the first of repeated keys.
Field field_of(simdjson::dom::object object, std::string_view name) {
  simdjson::dom::element value;
  if (object.at_key(name).get(value) != simdjson::SUCCESS) return {};
  return Field(value);
}

constexpr Rejection kNoMemory{Reject::no_memory, ""};

/// False, and nothing has changed, where there is no memory for it.
template <class Room>
[[nodiscard]] bool made(const Room& room) {
  try {
    room();
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

template <class Frame>
Decoded<Frame> taken_unless_failed(const FieldReader& read, const Frame& frame) {
  if (read.failed()) return read.rejection();
  return frame;
}

}  // namespace

class Decoder::Buffers {
 public:
  explicit Buffers(const DecoderLimits& limits)
      : limits_(limits), parser_(std::max(limits.max_bytes, kSmallestCapacity)) {
    assert(limits.max_bytes > 0 && limits.max_bytes < simdjson::SIMDJSON_MAXSIZE_BYTES);
    assert(limits.max_depth > 0);
    // Where there is no memory yet the first text asks again.
    static_cast<void>(grow(first_capacity()));
  }

  /// The root of the parsed text; clean() then tells about that text.
  Decoded<simdjson::dom::element> parse(std::string_view text, Tail tail) {
    if (text.size() > limits_.max_bytes) return Rejection{Reject::too_large, ""};
    // RFC 8259 has none; simdjson 3.12 passes over it.
    if (text.starts_with(kByteOrderMark)) return Rejection{Reject::not_json, ""};
    if (text.size() > capacity_ &&
        !grow(std::max(first_capacity(), std::min(limits_.max_bytes, std::bit_ceil(text.size())))))
      return kNoMemory;
    const char* readable = text.data();
    if (tail == Tail::unknown) {
      const std::size_t needed = text.size() + kPadding;
      if (copy_.size() < needed && !made([&] { copy_.resize(needed); })) return kNoMemory;
      std::copy(text.begin(), text.end(), copy_.begin());
      std::fill_n(copy_.begin() + static_cast<std::ptrdiff_t>(text.size()), kPadding, '\0');
      readable = copy_.data();
    }
    simdjson::dom::element root;
    // The tail is readable, so simdjson need not copy the text itself.
    switch (parser_
                .parse_into_document(document_, readable, text.size(),
                                     /*realloc_if_needed=*/false)
                .get(root)) {
      case simdjson::SUCCESS:
        break;
      case simdjson::DEPTH_ERROR:
        return Rejection{Reject::too_deep, ""};
      default:
        return Rejection{Reject::not_json, ""};
    }
    clean_ = is_clean(readable, text.size());
    return root;
  }

  bool clean() const { return clean_; }

  Decoded<std::span<const Decoded<Event>>> decode_all(simdjson::dom::array array) {
    if (array.size() > limits_.max_events) return Rejection{Reject::too_large, "events"};
    batch_.clear();
    if (!made([&] { batch_.reserve(array.size()); })) return kNoMemory;
    for (const simdjson::dom::element element : array)
      batch_.push_back(decode_event(element, clean_));
    return std::span<const Decoded<Event>>(batch_);
  }

  Decoded<std::span<const Decoded<Event>>> decode_one(simdjson::dom::element element) {
    batch_.clear();
    if (!made([&] { batch_.reserve(1); })) return kNoMemory;
    batch_.push_back(decode_event(element, clean_));
    return std::span<const Decoded<Event>>(batch_);
  }

 private:
  /// Below this simdjson's own rounding up would pass the parser's bound.
  static constexpr std::size_t kSmallestCapacity = 64;
  /// Holds the usual batch without ever growing.
  static constexpr std::size_t kFirstCapacity = 64 * 1024;

  std::size_t first_capacity() const {
    return std::clamp(limits_.max_bytes, kSmallestCapacity, kFirstCapacity);
  }

  /// Both halves here: left to itself simdjson sizes the document to the text, and so allocates
  /// anew for each text that is longer than all before. False where there is no memory for it;
  /// what there was before is gone then, and a shorter text asks for less.
  [[nodiscard]] bool grow(std::size_t capacity) {
    capacity_ = 0;
    // Nothing else can fail than memory.
    if (parser_.allocate(capacity, limits_.max_depth) != simdjson::SUCCESS ||
        document_.allocate(capacity) != simdjson::SUCCESS)
      return false;
    capacity_ = capacity;
    return true;
  }

  DecoderLimits limits_;
  simdjson::dom::parser parser_;
  simdjson::dom::document document_;
  std::size_t capacity_ = 0;  ///< of both
  std::vector<char> copy_;
  std::vector<Decoded<Event>> batch_;
  bool clean_ = false;
};

Decoder::Decoder(const DecoderLimits& limits) : buffers_(std::make_unique<Buffers>(limits)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Decoded<Event> Decoder::event(std::string_view text, Tail tail) {
  const auto root = buffers_->parse(text, tail);
  if (!root) return root.error();
  return decode_event(*root, buffers_->clean());
}

Decoded<std::span<const Decoded<Event>>> Decoder::plain_frame(std::string_view text, Tail tail) {
  const auto root = buffers_->parse(text, tail);
  if (!root) return root.error();
  if (root->is_array()) return buffers_->decode_all(root->get_array().value_unsafe());
  if (root->is_object()) return buffers_->decode_one(*root);
  return Rejection{Reject::not_object, ""};
}

Decoded<ServerFrame> Decoder::server_frame(std::string_view text, Tail tail) {
  const auto root = buffers_->parse(text, tail);
  if (!root) return root.error();
  simdjson::dom::object object;
  if (root->get_object().get(object) != simdjson::SUCCESS) return Rejection{Reject::not_object, ""};
  FieldReader read(buffers_->clean());
  const std::string_view op = read.string(field_of(object, "op"), "op");
  if (read.failed()) return read.rejection();

  if (op == "events") {
    Events frame;
    frame.seq = read.integer(field_of(object, "seq"), "seq", 1);
    const Field events = field_of(object, "events");
    if (!events.present() || !events.value().is_array()) read.reject(Reject::malformed, "events");
    if (read.failed()) return read.rejection();
    const auto decoded = buffers_->decode_all(events.value().get_array().value_unsafe());
    if (!decoded) return decoded.error();
    frame.events = *decoded;
    // The last event's position must still be a u64.
    if (frame.events.size() > 1 && frame.seq + (frame.events.size() - 1) < frame.seq)
      return Rejection{Reject::bad_value, "seq"};
    return ServerFrame(frame);
  }
  if (op == "heartbeat") {
    Heartbeat frame;
    frame.head = read.integer(field_of(object, "head"), "head", 0);
    frame.ts = read.time(field_of(object, "ts"), "ts");
    return taken_unless_failed<ServerFrame>(read, frame);
  }
  if (op == "ready") {
    Ready frame;
    frame.epoch = read.id(field_of(object, "epoch"), "epoch");
    const auto resume = find_word(kResumes, read.string(field_of(object, "resume"), "resume"));
    if (!resume) read.reject(Reject::bad_value, "resume");
    frame.resume = resume.value_or(Resume::live);
    frame.floor = read.integer(field_of(object, "floor"), "floor", 1);
    frame.head = read.integer(field_of(object, "head"), "head", 0);
    frame.heartbeat = Millis{static_cast<Millis::rep>(
        read.integer(field_of(object, "heartbeat_ms"), "heartbeat_ms", 1, kMaxHeartbeatMs))};
    const Field ts = field_of(object, "ts");
    if (ts.present()) frame.ts = read.time(ts, "ts");
    return taken_unless_failed<ServerFrame>(read, frame);
  }
  if (op == "bye") {
    Bye frame;
    frame.code = find_word(kByeCodes, read.string(field_of(object, "code"), "code"))
                     .value_or(ByeCode::other);
    frame.resume = read.boolean(field_of(object, "resume"), "resume");
    return taken_unless_failed<ServerFrame>(read, frame);
  }
  return Rejection{Reject::unknown_op, "op"};
}

Decoded<ClientFrame> Decoder::client_frame(std::string_view text, Tail tail) {
  const auto root = buffers_->parse(text, tail);
  if (!root) return root.error();
  simdjson::dom::object object;
  if (root->get_object().get(object) != simdjson::SUCCESS) return Rejection{Reject::not_object, ""};
  FieldReader read(buffers_->clean());
  const std::string_view op = read.string(field_of(object, "op"), "op");
  if (read.failed()) return read.rejection();

  if (op == "hello") {
    Hello frame;
    frame.consumer = read.id(field_of(object, "consumer"), "consumer");
    const Field epoch = field_of(object, "epoch");
    const Field after = field_of(object, "after");
    if (epoch.present() || after.present()) {
      Position position;
      if (epoch.present()) position.epoch = read.id(epoch, "epoch");
      position.after = read.integer(after, "after", 0);
      // A number without its epoch could be any epoch's: only "all there is" makes sense.
      if (!epoch.present() && position.after != 0) read.reject(Reject::bad_value, "after");
      frame.position = position;
    }
    return taken_unless_failed<ClientFrame>(read, frame);
  }
  if (op == "ack") {
    Ack frame;
    frame.seq = read.integer(field_of(object, "seq"), "seq", 0);
    return taken_unless_failed<ClientFrame>(read, frame);
  }
  return Rejection{Reject::unknown_op, "op"};
}

}  // namespace deskpulse::proto
