// The engine's side of the comparison: its settings from the recount's rules, its report as series.
#pragma once

#include "daemon/engine/report.hpp"
#include "daemon/engine/settings.hpp"
#include "tests/property/rules.hpp"
#include "tests/property/series.hpp"

namespace deskpulse::property {

engine::Settings settings_of(const Rules& rules);

/// Every series about shops and agents that the report stands for, with the names and labels that
/// the recount uses. A row that is there twice shows up as the series "twice: …".
Series flatten(const engine::Report& report);

}  // namespace deskpulse::property
