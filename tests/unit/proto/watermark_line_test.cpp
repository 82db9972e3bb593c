#include "proto/watermark_line.hpp"

#include <gtest/gtest.h>

#include "proto/decoder.hpp"

namespace deskpulse::proto {
namespace {

Instant at(std::int64_t millis) { return Instant{Millis{millis}}; }

std::string line_of(Instant watermark, Millis reorder_window) {
  std::string line;
  append_watermark_line(line, watermark, reorder_window);
  EXPECT_TRUE(line.ends_with('\n'));
  line.pop_back();
  return line;
}

TEST(WatermarkLine, ComesBackAsItWas) {
  const std::string line = line_of(at(1'763'712'005'000), Millis{1'500});

  EXPECT_EQ(
      line,
      R"({"type":"watermark","ts":1763712006500,"shop":"deskpulse","watermark":1763712005000})");
  EXPECT_TRUE(may_be_watermark_line(line));
  EXPECT_EQ(parse_watermark_line(line),
            (WatermarkLine{.watermark = at(1'763'712'005'000), .ts = at(1'763'712'006'500)}));
}

TEST(WatermarkLine, IsAnEventOfUnknownTypeToOthersAndMovesThemAsFar) {
  const auto read = Decoder().event(line_of(at(1'763'712'005'000), Millis{1'500}));

  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, Type::unknown);
  EXPECT_EQ(read->ts - Millis{1'500}, at(1'763'712'005'000));
}

TEST(WatermarkLine, OfTheLastInstantIsOne) {
  EXPECT_EQ(parse_watermark_line(line_of(kLastInstant, Millis{1'000})),
            (WatermarkLine{.watermark = kLastInstant, .ts = kLastInstant}));
}

TEST(WatermarkLine, AnythingElseIsNone) {
  for (const char* const line :
       {"", "nonsense", R"({"type":"watermark","ts":)", R"({"type":"watermark","ts":2})",
        R"({"type":"watermark","ts":2,"shop":"deskpulse","watermark":})",
        R"({"type":"watermark","ts":2,"shop":"deskpulse","watermark":1)",
        R"({"type":"watermark","ts":2,"shop":"deskpulse","watermark":1 })",
        R"({"type":"watermark","ts":2,"shop":"deskpulse","watermark":-1})",
        R"({"type":"watermark","ts":x,"shop":"deskpulse","watermark":1})",
        R"({"type":"watermark","ts":1,"shop":"deskpulse","watermark":2})",
        R"({"type":"watermark","ts":253402300800000,"shop":"deskpulse","watermark":1})",
        R"({"type":"watermark","ts":2,"shop":"other","watermark":1})"})
    EXPECT_FALSE(parse_watermark_line(line)) << line;
}

}  // namespace
}  // namespace deskpulse::proto
