// What people in a customer service chat say, in Chinese.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace deskpulse::simulator {

struct Question {
  std::string_view text;
  std::string_view topic;  ///< empty = the platform recognised none
};

/// All of 7 to 15 characters.
std::span<const Question> questions();
std::span<const std::string_view> human_replies();
std::span<const std::string_view> bot_replies();
std::span<const std::string_view> welcome_lines();
std::span<const std::string_view> system_lines();
std::span<const std::string_view> notes();

/// The customer who tells everything at once: over 200 characters, one of a few by `which`.
std::string long_story(unsigned which);

/// Shops by the names that their platform knows them by, such as 青禾家居旗舰店; the n-th of any
/// number.
std::string shop_name(unsigned n);

/// Display names of agents, such as 小雅 and 林晴; the n-th of any number.
std::string agent_name(unsigned n);
std::span<const std::string_view> agent_groups();

}  // namespace deskpulse::simulator
