// The command line of deskpulsed.
#pragma once

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace deskpulse {

/// Name and value of every variable of the environment.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// What main() does: reads the arguments (the first is the program's name), loads the configuration
/// and runs the command. Returns the exit code.
int run_command_line(const std::vector<std::string>& arguments, const Environment& environment,
                     std::ostream& out, std::ostream& err);

}  // namespace deskpulse
