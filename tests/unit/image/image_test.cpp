#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"

namespace {

using namespace deskpulse;
using image::Reader;

class Bytes final : public image::Sink {
 public:
  bool take(std::span<const std::byte> bytes) override {
    all.insert(all.end(), bytes.begin(), bytes.end());
    ++calls;
    return calls <= most_calls;
  }
  std::vector<std::byte> all;
  std::size_t calls = 0;
  std::size_t most_calls = std::numeric_limits<std::size_t>::max();
};

/// Gives out bytes in pieces, so that values lie across their edges.
class Pieces final : public image::Source {
 public:
  Pieces(std::span<const std::byte> bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}
  std::span<const std::byte> next() override {
    const auto piece = rest_.first(std::min(piece_, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }

 private:
  std::span<const std::byte> rest_;
  std::size_t piece_;
};

void write_samples(image::Writer& writer) {
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, ~std::uint64_t{0}})
    writer.number(number);
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{64},
                                    std::numeric_limits<std::int64_t>::min()})
    writer.signed_number(number);
  writer.flag(true);
  writer.instant(proto::kLastInstant);
  writer.millis(proto::Millis{-5});
  writer.key({.high = 1, .low = ~std::uint64_t{0}});
  writer.text("店铺");
  writer.text("");
  writer.text(std::string(200'000, 'x'));
}

std::vector<std::byte> samples() {
  Bytes bytes;
  image::Writer writer(bytes);
  write_samples(writer);
  writer.flush();
  return bytes.all;
}

bool read_samples(Reader& reader) {
  bool same = true;
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, ~std::uint64_t{0}})
    same &= reader.number() == number;
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{64},
                                    std::numeric_limits<std::int64_t>::min()})
    same &= reader.signed_number() == number;
  same &= reader.flag();
  same &= reader.instant() == proto::kLastInstant;
  same &= reader.millis() == proto::Millis{-5};
  same &= reader.key() == proto::CustomerKey{.high = 1, .low = ~std::uint64_t{0}};
  same &= reader.text(6) == "店铺";
  same &= reader.text(0).empty();
  same &= reader.text(200'000).size() == 200'000;
  return same && reader.ok();
}

TEST(Image, ReadsBackWhatWasWrittenHoweverItIsCutIntoPieces) {
  const std::vector<std::byte> bytes = samples();

  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{3}, std::size_t{4096}, bytes.size()}) {
    SCOPED_TRACE(piece);
    Pieces pieces(bytes, piece);
    Reader reader(pieces, 1);
    EXPECT_TRUE(read_samples(reader));
    EXPECT_TRUE(reader.is_at_end());
  }
}

TEST(Image, FailsForGoodWhereverItEndsTooEarly) {
  const std::vector<std::byte> bytes = samples();

  for (std::size_t size = 0; size < 60; ++size) {
    SCOPED_TRACE(size);
    const std::span<const std::byte> all(bytes);
    Pieces pieces(all.first(size), 7);
    Reader reader(pieces, 1);
    EXPECT_FALSE(read_samples(reader));
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.number(), 0U);
    EXPECT_EQ(reader.text(10), "");
    EXPECT_FALSE(reader.is_at_end());
  }
}

TEST(Image, SeesThatSomethingIsLeft) {
  const std::vector<std::byte> one(1);
  Pieces pieces(one, 1);
  Reader reader(pieces, 1);

  EXPECT_FALSE(reader.is_at_end());
  EXPECT_EQ(reader.number(), 0U);
  EXPECT_TRUE(reader.is_at_end());
}

/// Reads one value from these bytes.
template <class Read>
bool is_refused(std::vector<unsigned char> from, Read read) {
  const std::span<const unsigned char> characters(from);
  Pieces pieces(std::as_bytes(characters), 16);
  Reader reader(pieces, 1);
  read(reader);
  return !reader.ok();
}

TEST(Image, RefusesValuesOutsideOfTheirBounds) {
  const std::vector<unsigned char> nine{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  std::vector<unsigned char> too_long = nine;
  too_long.insert(too_long.end(), {0x81, 0x00});
  std::vector<unsigned char> too_much = nine;
  too_much.push_back(0x02);

  EXPECT_TRUE(is_refused(too_long, [](Reader& reader) { reader.number(); }));
  EXPECT_TRUE(is_refused(too_much, [](Reader& reader) { reader.number(); }));
  EXPECT_TRUE(is_refused({0x80, 0x02}, [](Reader& reader) { reader.number_of<std::uint8_t>(); }));
  EXPECT_TRUE(is_refused({0x02}, [](Reader& reader) { reader.flag(); }));
  EXPECT_TRUE(is_refused({0x01}, [](Reader& reader) { reader.instant(); }));  // 1 ms before 1970
  EXPECT_TRUE(is_refused({0x03, 'a', 'b', 'c'}, [](Reader& reader) { reader.text(2); }));
}

TEST(Image, TakesNoMoreToASinkThatHasRefused) {
  Bytes bytes;
  bytes.most_calls = 1;
  image::Writer writer(bytes);

  write_samples(writer);
  writer.flush();

  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(bytes.calls, 2U);  // the second one was the refusal
}

}  // namespace
