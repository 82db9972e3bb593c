// deskpulsed: watches a shop's customer service live.
#include <unistd.h>

#include <exception>
#include <iostream>

#include "daemon/app/command_line.hpp"
#include "daemon/app/exit_code.hpp"

namespace {

deskpulse::Environment environment_of_this_process() {
  deskpulse::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos)
      environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return deskpulse::run_command_line({argv, argv + argc}, environment_of_this_process(),
                                       std::cout, std::cerr);
  } catch (const std::exception& failure) {
    std::cerr << "deskpulsed: " << failure.what() << "\n";
    return deskpulse::kExitSoftware;
  }
}
