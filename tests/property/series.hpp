// Named values, as the exposition text would show them, and how two sets of them are compared.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace deskpulse::property {

/// `name{label="value",…}` to its value; one entry for each line that a scrape would show.
using Series = std::map<std::string, double>;

/// The key of a series. The labels are written in the order given, values escaped as in the
/// exposition format.
std::string series_name(
    std::string_view name,
    std::initializer_list<std::pair<std::string_view, std::string_view>> labels);

/// A series that the two sides do not agree on; absent on a side = no value.
struct Difference {
  std::string series;
  std::optional<double> engine;
  std::optional<double> recount;
};

/// The first series, by name, that is on one side only or differs. Everything must be equal to the
/// last digit, except quantiles of response times, which may be 5 % off the recount's exact one.
std::optional<Difference> first_difference(const Series& engine, const Series& recount);

}  // namespace deskpulse::property
