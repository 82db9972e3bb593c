#include "tests/unit/metrics/exposition_checker.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

namespace deskpulse::check {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_metric_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == ':';
  });
}

bool is_label_name(std::string_view name) {
  return is_metric_name(name) && name.find(':') == std::string_view::npos;
}

/// A decoder of its own, by code points, so that it shares no mistake with the writer's.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const int more = lead < 0x80             ? 0
                     : (lead & 0xE0) == 0xC0 ? 1
                     : (lead & 0xF0) == 0xE0 ? 2
                     : (lead & 0xF8) == 0xF0 ? 3
                                             : -1;
    if (more < 0 || i + static_cast<std::size_t>(more) >= text.size()) return false;
    std::uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
    for (int k = 1; k <= more; ++k) {
      const auto byte = static_cast<std::uint8_t>(text[i + static_cast<std::size_t>(k)]);
      if ((byte & 0xC0) != 0x80) return false;
      point = point << 6 | (byte & 0x3FU);
    }
    constexpr std::uint32_t kLeast[]{0, 0x80, 0x800, 0x10000};
    if (point < kLeast[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
      return false;
    }
    i += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

std::optional<double> read_number(std::string_view text) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::string take_name(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && (is_letter(text[size]) || is_digit(text[size]) || text[size] == ':'))
    ++size;
  std::string name(text.substr(0, size));
  text.remove_prefix(size);
  return name;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::string series_text(const std::string& name, LabelPairs labels) {
  std::sort(labels.begin(), labels.end());
  std::string text = name + '{';
  for (const auto& [label, value] : labels) text += label + "=\"" + value + "\",";
  return text + '}';
}

class Reader {
 public:
  Page read(std::string_view text) {
    if (!is_utf8(text)) problem("the page is not UTF-8");
    if (!text.empty() && text.back() != '\n') problem("the last line does not end");
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    check_histograms();
    return std::move(page_);
  }

 private:
  void problem(const std::string& sentence) { page_.problems.push_back(sentence); }
  void line_problem(const std::string& sentence) {
    problem("line " + std::to_string(line_) + ": " + sentence);
  }

  void read_line(std::string_view line) {
    if (line.empty()) return;
    if (line.starts_with("# HELP ")) return read_help(line.substr(7));
    if (line.starts_with("# TYPE ")) return read_type(line.substr(7));
    if (line[0] == '#') return;
    read_sample(line);
  }

  /// The family that the next lines are about.
  void enter(const std::string& family) {
    if (family == family_) return;
    if (!families_.insert(family).second) line_problem("the family " + family + " is split");
    family_ = family;
  }

  void read_help(std::string_view rest) {
    const std::string name = take_name(rest);
    if (!is_metric_name(name) || !take(rest, ' ')) return line_problem("bad HELP");
    enter(name);
    std::string help;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] != '\\') {
        help += rest[i];
        continue;
      }
      const char escaped = i + 1 < rest.size() ? rest[i + 1] : '\0';
      if (escaped != '\\' && escaped != 'n') return line_problem("bad escape in HELP");
      help += escaped == 'n' ? '\n' : '\\';
      ++i;
    }
    if (!page_.helps.emplace(name, help).second) line_problem("HELP of " + name + " twice");
  }

  void read_type(std::string_view rest) {
    const std::string name = take_name(rest);
    if (!is_metric_name(name) || !take(rest, ' ')) return line_problem("bad TYPE");
    static const std::set<std::string_view> kTypes{"counter", "gauge", "histogram", "summary",
                                                   "untyped"};
    if (!kTypes.contains(rest)) return line_problem("unknown TYPE " + std::string(rest));
    if (has_samples_.contains(name)) line_problem("TYPE of " + name + " behind its series");
    enter(name);
    if (!page_.types.emplace(name, rest).second) line_problem("TYPE of " + name + " twice");
    if (rest == "counter" && !name.ends_with("_total")) {
      line_problem("the counter " + name + " does not end in _total");
    }
  }

  bool read_labels(std::string_view& rest, LabelPairs& labels) {
    if (!take(rest, '{')) return true;
    while (!take(rest, '}')) {
      std::string name = take_name(rest);
      if (!is_label_name(name)) return line_problem("bad label name"), false;
      if (!take(rest, '=') || !take(rest, '"')) return line_problem("bad label"), false;
      std::string value;
      while (!take(rest, '"')) {
        if (rest.empty()) return line_problem("a label value does not end"), false;
        char c = rest[0];
        rest.remove_prefix(1);
        if (c == '\\') {
          if (take(rest, 'n')) {
            c = '\n';
          } else if (!rest.empty() && (rest[0] == '\\' || rest[0] == '"')) {
            c = rest[0];
            rest.remove_prefix(1);
          } else {
            return line_problem("bad escape in a label"), false;
          }
        }
        value += c;
      }
      const bool repeated = std::any_of(labels.begin(), labels.end(),
                                        [&name](const auto& label) { return label.first == name; });
      if (repeated) line_problem("the label " + name + " twice");
      labels.emplace_back(std::move(name), std::move(value));
      if (!take(rest, ',') && !rest.starts_with('}')) return line_problem("bad labels"), false;
    }
    return true;
  }

  /// The family of a series: its name, or without `_bucket`, `_sum`, `_count` where that is one of
  /// histograms or summaries.
  std::string family_of(const std::string& name) const {
    for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
      if (!name.ends_with(suffix)) continue;
      const std::string base = name.substr(0, name.size() - suffix.size());
      const auto type = page_.types.find(base);
      if (type == page_.types.end()) continue;
      if (type->second == "histogram" || (type->second == "summary" && suffix != "_bucket")) {
        return base;
      }
    }
    return name;
  }

  void read_sample(std::string_view rest) {
    Sample sample;
    sample.name = take_name(rest);
    if (!is_metric_name(sample.name)) return line_problem("bad name of a series");
    if (!read_labels(rest, sample.labels)) return;
    if (!take(rest, ' ')) return line_problem("no value");
    const auto value = read_number(rest);
    if (!value) return line_problem("bad value, or a timestamp");
    sample.value = rest;

    const std::string family = family_of(sample.name);
    enter(family);
    has_samples_.insert(family);
    const auto type = page_.types.find(family);
    if (type == page_.types.end()) line_problem(family + " has no TYPE");
    if (!page_.helps.contains(family)) line_problem(family + " has no HELP");
    if (!series_.insert(series_text(sample.name, sample.labels)).second) {
      line_problem(series_text(sample.name, sample.labels) + " twice");
    }
    if (type != page_.types.end()) {
      if (type->second == "counter" && !(*value >= 0)) line_problem("a counter below zero");
      if (type->second == "histogram") note_histogram(family, sample, *value);
    }
    page_.samples.push_back(std::move(sample));
  }

  struct Histogram {
    std::vector<std::pair<double, double>> buckets;  // edge, count
    std::optional<double> count;
    bool has_sum = false;
  };

  void note_histogram(const std::string& family, const Sample& sample, double value) {
    LabelPairs labels = sample.labels;
    const auto le = std::find_if(labels.begin(), labels.end(),
                                 [](const auto& label) { return label.first == "le"; });
    const std::string edge_text = le == labels.end() ? "" : le->second;
    if (le != labels.end()) labels.erase(le);
    Histogram& histogram = histograms_[series_text(family, labels)];
    if (sample.name == family + "_count") {
      histogram.count = value;
    } else if (sample.name == family + "_sum") {
      histogram.has_sum = true;
    } else if (sample.name == family + "_bucket") {
      const auto edge = read_number(edge_text);
      if (!edge || std::isnan(*edge)) return line_problem("a bucket with a bad le");
      if (std::isfinite(*edge) && edge_text.find_first_of(".e") == std::string::npos) {
        line_problem("le=\"" + edge_text + "\" has no point");
      }
      histogram.buckets.emplace_back(*edge, value);
    } else {
      line_problem(sample.name + " is no series of a histogram");
    }
  }

  void check_histograms() {
    for (const auto& [name, histogram] : histograms_) {
      const auto& buckets = histogram.buckets;
      for (std::size_t i = 1; i < buckets.size(); ++i) {
        if (!(buckets[i - 1].first < buckets[i].first)) problem("edges of " + name + " fall");
        if (!(buckets[i - 1].second <= buckets[i].second)) problem("buckets of " + name + " fall");
      }
      if (!histogram.has_sum) problem(name + " has no _sum");
      if (!histogram.count) problem(name + " has no _count");
      if (buckets.empty() || !std::isinf(buckets.back().first)) {
        problem(name + " has no +Inf");
      } else if (histogram.count && buckets.back().second != *histogram.count) {
        problem("+Inf of " + name + " is not its _count");
      }
    }
  }

  Page page_;
  std::size_t line_ = 0;
  std::string family_;
  std::set<std::string> families_;
  std::set<std::string> has_samples_;
  std::set<std::string> series_;
  std::map<std::string, Histogram> histograms_;
};

}  // namespace

double Sample::number() const {
  return read_number(value).value_or(std::numeric_limits<double>::quiet_NaN());
}

std::optional<double> Page::value(std::string_view name, LabelPairs labels) const {
  std::sort(labels.begin(), labels.end());
  for (const Sample& sample : samples) {
    if (sample.name != name) continue;
    LabelPairs sorted = sample.labels;
    std::sort(sorted.begin(), sorted.end());
    if (sorted == labels) return sample.number();
  }
  return std::nullopt;
}

Page read_page(std::string_view text) { return Reader().read(text); }

}  // namespace deskpulse::check
