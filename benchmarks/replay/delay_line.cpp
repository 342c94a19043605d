// A delay line for TCP on loopback, for machines whose kernel cannot delay packets:
//
//     delay_line LISTEN_PORT TARGET_PORT ONE_WAY_MS BYTES_PER_SECOND
//
// What comes in leaves ONE_WAY_MS later. The first bytes of a connection wait one round trip more, for the
// handshake that loopback makes free. All connections share one downstream link of BYTES_PER_SECOND (0: no
// limit). Loss is not modelled. It ends with the process that started it.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <string>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::size_t most_queued = 8U << 20U;

struct Piece {
    Clock::time_point due;
    std::string bytes;
    std::size_t sent = 0;
};

/// One direction of a connection.
struct Pipe {
    int from = -1, to = -1;
    bool downstream = false;
    bool ended = false, closed = false;
    std::size_t queued = 0;
    std::deque<Piece> pieces;
};

struct Connection {
    Pipe up, down;
    bool fresh = true;
    bool broken = false;
};

struct Link {
    nanoseconds one_way{};
    double bytes_per_second = 0;
    Clock::time_point free_at = Clock::now();
};

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void prepare(int socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(socket, F_SETFL, O_NONBLOCK);
}

void take_in(Link& link, Connection& connection, Pipe& pipe) {
    static std::array<char, 65536> buffer;
    while (!pipe.ended && pipe.queued < most_queued) {
        const ssize_t got = read(pipe.from, buffer.data(), buffer.size());
        if (got < 0 && errno == EAGAIN) return;
        connection.broken = connection.broken || got < 0;
        pipe.ended = got <= 0;
        if (got <= 0) return;
        auto due = Clock::now() + link.one_way;
        if (!pipe.downstream && connection.fresh) due += 2 * link.one_way;
        if (!pipe.downstream) connection.fresh = false;
        if (!pipe.pieces.empty()) due = std::max(due, pipe.pieces.back().due);
        if (pipe.downstream && link.bytes_per_second > 0) {
            const double seconds = static_cast<double>(got) / link.bytes_per_second;
            link.free_at =
                std::max(link.free_at, due) + nanoseconds(static_cast<std::int64_t>(1e9 * seconds));
            due = link.free_at;
        }
        pipe.pieces.push_back({due, std::string(buffer.data(), static_cast<std::size_t>(got))});
        pipe.queued += static_cast<std::size_t>(got);
    }
}

void let_out(Connection& connection, Pipe& pipe, Clock::time_point now) {
    while (!pipe.pieces.empty() && pipe.pieces.front().due <= now) {
        Piece& piece = pipe.pieces.front();
        const ssize_t sent = write(pipe.to, piece.bytes.data() + piece.sent, piece.bytes.size() - piece.sent);
        if (sent < 0) {
            connection.broken = connection.broken || errno != EAGAIN;
            return;
        }
        piece.sent += static_cast<std::size_t>(sent);
        pipe.queued -= static_cast<std::size_t>(sent);
        if (piece.sent < piece.bytes.size()) return;
        pipe.pieces.pop_front();
    }
    if (pipe.pieces.empty() && pipe.ended && !pipe.closed) {
        shutdown(pipe.to, SHUT_WR);
        pipe.closed = true;
    }
}

void accept_all(int listener, int target_port, int events, std::list<Connection>& connections) {
    for (int client = -1; (client = accept(listener, nullptr, nullptr)) >= 0;) {
        const int server = socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in address = loopback(target_port);
        if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            close(client);
            close(server);
            continue;
        }
        Connection& connection = connections.emplace_back();
        connection.up.from = connection.down.to = client;
        connection.up.to = connection.down.from = server;
        connection.down.downstream = true;
        for (const int end : {client, server}) {
            prepare(end);
            epoll_event event{};
            event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
            epoll_ctl(events, EPOLL_CTL_ADD, end, &event);
        }
    }
}

Clock::time_point next_due(const std::list<Connection>& connections, Clock::time_point now) {
    auto next = now + std::chrono::milliseconds(500);
    for (const Connection& connection : connections)
        for (const Pipe* pipe : {&connection.up, &connection.down})
            if (!pipe->pieces.empty()) next = std::min(next, pipe->pieces.front().due);
    return std::max(next, now + std::chrono::microseconds(20));
}

int listen_on(int port) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 512) != 0) {
        std::perror("delay_line");
        std::exit(1);
    }
    fcntl(listener, F_SETFL, O_NONBLOCK);
    return listener;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    std::signal(SIGPIPE, SIG_IGN);
    Link link;
    link.one_way = nanoseconds(static_cast<std::int64_t>(1e6 * std::atof(argv[3])));
    link.bytes_per_second = std::atof(argv[4]);
    const int listener = listen_on(std::atoi(argv[1]));
    const int target_port = std::atoi(argv[2]);
    const int events = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);

    std::list<Connection> connections;
    for (;;) {
        const auto wait = next_due(connections, Clock::now()) - Clock::now();
        const auto left = std::max<std::int64_t>(nanoseconds(wait).count(), 0);
        const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
        std::array<epoll_event, 64> ready;
        epoll_pwait2(events, ready.data(), static_cast<int>(ready.size()), &timeout, nullptr);
        accept_all(listener, target_port, events, connections);
        const auto now = Clock::now();
        for (auto it = connections.begin(); it != connections.end();) {
            take_in(link, *it, it->up);
            take_in(link, *it, it->down);
            let_out(*it, it->up, now);
            let_out(*it, it->down, now);
            if (it->broken || (it->up.closed && it->down.closed)) {
                close(it->up.from);
                close(it->up.to);
                it = connections.erase(it);
            } else {
                ++it;
            }
        }
    }
}
