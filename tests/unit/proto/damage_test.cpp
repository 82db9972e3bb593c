// Texts that are nearly right: whatever the damage, the decoder returns, and what it returns can be
// read to its last byte (the sanitizers watch).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "proto/decoder.hpp"
#include "proto/encoder.hpp"

namespace deskpulse::proto {
namespace {

std::vector<std::string> seeds() {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(PROTO_FOLDER) / "examples"))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

void damage(std::string& text, std::mt19937& random) {
  constexpr std::string_view kNasty("\"\\{}[]:,-.eu0\x00\x7f\xc2\xed\xff\n ", 21);
  for (auto times = 1 + random() % 2; times > 0; --times) {
    const std::size_t at = text.empty() ? 0 : random() % text.size();
    switch (random() % 5) {
      case 0:
        text.insert(at, 1, kNasty[random() % kNasty.size()]);
        break;
      case 1:
        if (!text.empty()) text.erase(at, 1 + random() % 8);
        break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>(random());
        break;
      case 3:
        if (!text.empty()) text[at] = kNasty[random() % kNasty.size()];
        break;
      default:
        text.insert(at, text.substr(random() % (text.size() + 1), random() % 40));
    }
  }
}

/// Encoding reads every view; an accepted event read again must be the same.
void expect_stable(const Event& event) {
  std::string once;
  append_event(once, event);
  Decoder decoder;
  const auto again = decoder.event(once);
  ASSERT_TRUE(again) << once;
  std::string twice;
  append_event(twice, *again);
  EXPECT_EQ(once, twice);
}

TEST(Damage, NeverHarmsTheDecoder) {
  const std::vector<std::string> texts = seeds();
  ASSERT_GT(texts.size(), 150u);
  Decoder decoder;
  std::size_t accepted = 0;
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::string text = texts[random() % texts.size()];
    damage(text, random);
    // An allocation of exactly the text's size: one byte read too far is seen.
    const std::vector<char> exact(text.begin(), text.end());
    const std::string_view view(exact.data(), exact.size());
    if (const auto event = decoder.event(view)) {
      ++accepted;
      expect_stable(*event);
    }
    if (const auto frame = decoder.plain_frame(view))
      for (const auto& event : *frame)
        if (event) expect_stable(*event);
    if (const auto frame = decoder.server_frame(view))
      if (const auto* events = std::get_if<Events>(&*frame))
        for (const auto& event : events->events)
          if (event) expect_stable(*event);
    (void)decoder.client_frame(view);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(accepted, 500u);  // the damage is small enough to get past the JSON parser
}

}  // namespace
}  // namespace deskpulse::proto
