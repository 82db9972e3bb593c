#include "tests/simulation/platform.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proto/session.hpp"

namespace deskpulse::simulation {

Platform::Platform(const Scenario& scenario, const Traffic& traffic, Agenda& agenda, Trace& trace)
    : scenario_(scenario),
      traffic_(traffic),
      agenda_(agenda),
      trace_(trace),
      random_(scenario.seed, "platform"),
      network_(scenario.seed, "network") {}

proto::Instant Platform::clock() const {
  return proto::Instant{proto::Millis{scenario_.source_time(agenda_.now())}};
}

std::optional<Platform::Position> Platform::position(std::size_t number) const {
  const auto found = positions_.find(number);
  if (found == positions_.end()) return std::nullopt;
  return found->second;
}

void Platform::append(std::size_t number) {
  backlog_.push_back({++head_, number});
  positions_[number] = newest();
  while (backlog_.size() > scenario_.backlog) backlog_.pop_front();
}

void Platform::publish(std::size_t number) {
  trace_.line(agenda_.now(), {"publish", traffic_.line(number)});
  append(number);
  for (Client& client : clients_) send_news(client);
}

void Platform::accept(const std::shared_ptr<Link>& link) {
  Client& client = clients_.emplace_back(Client{link});
  link->server.message = [this, &client](const std::string& text) { hear(client, text); };
  link->server.closed = [this, &client] { drop(client); };
  if (scenario_.protocol == feed::Protocol::plain) {
    client.ready = true;
    client.next = head_ + 1;
  }
}

void Platform::hear(Client& client, const std::string& text) {
  if (scenario_.protocol == feed::Protocol::plain) {
    send(client, text);  // a ping: its pong is no message, but goes the same way
    return;
  }
  const auto frame = decoder_.client_frame(text);
  if (!frame) return;
  if (const auto* const ack = std::get_if<proto::Ack>(&*frame)) {
    trace_.line(agenda_.now(), {"acknowledged", std::to_string(ack->seq)});
    while (scenario_.forgets_acknowledged && !backlog_.empty() &&
           backlog_.front().seq <= ack->seq) {
      backlog_.pop_front();
    }
    return;
  }
  const auto& hello = std::get<proto::Hello>(*frame);
  proto::Ready ready;
  ready.epoch = epoch_;
  ready.floor = floor();
  ready.head = head_;
  ready.heartbeat = proto::Millis{scenario_.heartbeat};
  if (scenario_.says_time) ready.ts = clock();
  if (!hello.position) {
    ready.resume = proto::Resume::live;
    client.next = head_ + 1;
  } else if (hello.position->epoch.empty()) {
    ready.resume = proto::Resume::ok;
    client.next = floor();
  } else if (hello.position->epoch != epoch_ || hello.position->after > head_) {
    ready.resume = proto::Resume::reset;
    client.next = floor();
  } else if (hello.position->after + 1 < floor()) {
    ready.resume = proto::Resume::gap;
    client.next = floor();
  } else {
    ready.resume = proto::Resume::ok;
    client.next = hello.position->after + 1;
  }
  if (scenario_.contradicts && ready.resume == proto::Resume::ok && random_.percent(50)) {
    ready.resume = random_.of({proto::Resume::gap, proto::Resume::reset});
    client.next = floor();
  }
  client.ready = true;
  std::string answer;
  proto::append_frame(answer, ready);
  send(client, answer);
  if (scenario_.heartbeat_first) heartbeat(client);
  send_news(client);
  beat(client.link);
}

void Platform::send(Client& client, const std::string& frame) {
  client.last_sent = agenda_.now();
  client.link->send_to_client(frame);
}

void Platform::send_news(Client& client) {
  if (!client.ready) return;
  // Who falls behind a floor that moves is sent on from there, and sees the hole.
  client.next = std::max(client.next, floor());
  auto entry = std::find_if(backlog_.begin(), backlog_.end(),
                            [&](const Entry& one) { return one.seq >= client.next; });
  while (entry != backlog_.end()) {
    const std::uint64_t seq = entry->seq;
    const std::size_t most = 1 + random_.below(scenario_.frame_events);
    std::vector<std::string> lines;
    for (; entry != backlog_.end() && lines.size() < most; ++entry) {
      lines.push_back(traffic_.line(entry->number));
    }
    client.next = seq + lines.size();
    std::string frame;
    if (scenario_.protocol == feed::Protocol::plain) {
      frame = "[";
      for (const std::string& line : lines) frame += (frame.size() > 1 ? "," : "") + line;
      frame += ']';
    } else {
      const std::vector<std::string_view> views(lines.begin(), lines.end());
      proto::append_events_frame(frame, seq, views);
    }
    send(client, frame);
  }
}

void Platform::heartbeat(Client& client) {
  std::string frame;
  proto::append_frame(frame, proto::Heartbeat{head_, clock()});
  send(client, frame);
}

void Platform::beat(const std::weak_ptr<Link>& link) {
  agenda_.in(scenario_.heartbeat, [this, link] {
    const auto same = [&](const Client& client) { return client.link == link.lock(); };
    const auto client = std::find_if(clients_.begin(), clients_.end(), same);
    if (client == clients_.end()) return;
    heartbeat(*client);
    beat(link);
  });
}

void Platform::drop(Client& client) {
  client.link->server = {};
  const auto same = [&](const Client& one) { return &one == &client; };
  clients_.erase(std::find_if(clients_.begin(), clients_.end(), same));
}

void Platform::say_bye() {
  if (scenario_.protocol == feed::Protocol::plain) return;
  while (!clients_.empty()) {
    Client& client = clients_.front();
    std::string frame;
    const auto code = random_.of({proto::ByeCode::slow, proto::ByeCode::restart,
                                  proto::ByeCode::too_old, proto::ByeCode::other});
    proto::append_frame(frame, proto::Bye{code, true});
    send(client, frame);
    client.link->close_to_client();
    drop(client);
  }
}

void Platform::begin_epoch() {
  epoch_ = 'k' + std::to_string(++epochs_);
  begin_numbering();
}

void Platform::become_another() {
  ++source_.address.low;
  begin_numbering();
}

int Platform::numbering_of(const feed::Cursor& cursor) const {
  const auto same = [&](const feed::Cursor& one) { return one.has_numbers_of(cursor); };
  // The newest: where a bug is put in, the daemon does not say whose it is.
  const auto found = std::find_if(numberings_.rbegin(), numberings_.rend(), same);
  return static_cast<int>(numberings_.rend() - found);
}

void Platform::begin_numbering() {
  numberings_.push_back({epoch_, 0, source_});
  const std::deque<Entry> before = std::exchange(backlog_, {});
  head_ = 0;
  // The newest may be sent again, as a server would from its database, as far back as each of them
  // has an id by which it is known again.
  const std::size_t again = random_.of<std::size_t>({0, 0, 3, 20, 1'000});
  const auto has_no_id = [&](const Entry& entry) { return traffic_.acts[entry.number].id.empty(); };
  const auto last_without = std::find_if(before.rbegin(), before.rend(), has_no_id);
  const auto most = static_cast<std::size_t>(last_without - before.rbegin());
  for (std::size_t i = before.size() - std::min(again, most); i < before.size(); ++i) {
    append(before[i].number);
  }
  trace_.line(agenda_.now(), {"epoch", epoch_, "again", std::to_string(head_)});
  while (!clients_.empty()) {
    Client& client = clients_.front();
    if (scenario_.protocol == feed::Protocol::v1 && random_.percent(50)) {
      std::string frame;
      proto::append_frame(frame, proto::Bye{proto::ByeCode::restart, random_.percent(50)});
      send(client, frame);
    }
    client.link->close_to_client();
    drop(client);
  }
}

bool Platform::has_told_all() const {
  return std::any_of(clients_.begin(), clients_.end(), [&](const Client& client) {
    return client.ready && client.next == head_ + 1 && !client.link->is_dead();
  });
}

}  // namespace deskpulse::simulation
