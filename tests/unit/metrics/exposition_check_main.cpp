// exposition_check: reads a page of metrics from standard input, prints what is wrong with it, one
// sentence a line, and exits 1; prints nothing and exits 0 when nothing is.
#include <iostream>
#include <iterator>
#include <string>

#include "tests/unit/metrics/exposition_checker.hpp"

int main() {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const auto page = deskpulse::check::read_page(text);
  for (const std::string& problem : page.problems) std::cout << problem << '\n';
  return page.problems.empty() ? 0 : 1;
}
