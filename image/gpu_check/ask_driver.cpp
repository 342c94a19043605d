// The child speaks in lines, `key<TAB>value`, written as it goes: when it dies, the last `call` line says
// where.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fetch/open_file.hpp"
#include "image/gpu_check/driver_answer.hpp"
#include "image/gpu_check/driver_talk.hpp"

namespace aimlock {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void be_child(const std::vector<std::string>& libraries, int out) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    // What a driver prints must not get into a document.
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    talk_to_driver(libraries, out);
    ::_exit(0);
}

/// All that comes out of `in` until `deadline` or its end; false when the time was up.
bool read_until(int in, Clock::time_point deadline, std::string& text) {
    constexpr std::size_t limit = 1U << 20U;
    std::array<char, 4096> block{};
    while (text.size() < limit) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        pollfd wait{in, POLLIN, 0};
        const int ready = ::poll(&wait, 1, static_cast<int>(std::min<long long>(left, 60'000)));
        if (ready < 0 && errno != EINTR) return true;
        if (ready <= 0) continue;
        const ssize_t got = ::read(in, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return true;
        text.append(block.data(), static_cast<std::size_t>(got));
    }
    return true;
}

template <class Number>
void read_number(std::string_view text, Number& number) {
    std::from_chars(text.data(), text.data() + text.size(), number);
}

void take_gpu_line(std::string_view key, std::string_view value, DriverGpu& gpu) {
    if (key == "name") gpu.name = value;
    if (key == "major") read_number(value, gpu.major);
    if (key == "minor") read_number(value, gpu.minor);
    if (key == "memory") read_number(value, gpu.memory_bytes);
    if (key == "proven") gpu.proven = true;
    if (key == "fault") gpu.fault = value;
}

DriverAnswer answer_of(std::string_view text, std::string& last_call) {
    DriverAnswer answer;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string_view key = line.substr(0, line.find('\t'));
        const std::string_view value = line.substr(std::min(key.size() + 1, line.size()));
        if (key == "call") last_call = value;
        if (key == "library") answer.library = value;
        if (key == "load_fault") answer.load_fault = value;
        if (key == "cuda") read_number(value, answer.cuda);
        if (key == "release") answer.release = value;
        if (key == "mismatch") answer.release_mismatch = true;
        if (key == "mig_gpus") read_number(value, answer.mig_gpus);
        if (key == "failed_call") answer.failed_call = value;
        if (key == "failed_code") read_number(value, answer.failed_code);
        if (key == "failed_name") answer.failed_name = value;
        if (key == "gpu") answer.gpus.emplace_back();
        if (!answer.gpus.empty()) take_gpu_line(key, value, answer.gpus.back());
    }
    return answer;
}

}  // namespace

bool DriverAnswer::proven() const {
    return !gpus.empty() && std::ranges::all_of(gpus, &DriverGpu::proven);
}

std::string DriverAnswer::cuda_text() const {
    return cuda > 0 ? fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10) : std::string{};
}

DriverAnswer ask_driver(const std::vector<std::string>& libraries, std::chrono::milliseconds limit) {
    DriverAnswer unasked;
    std::array<int, 2> ends{};
    if (!can_ask_driver() || libraries.empty()) return unasked;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        unasked.crash = fmt::format("could not be asked: {}", std::strerror(errno));
        return unasked;
    }
    OpenFile in(ends[0]);
    OpenFile out(ends[1]);
    const Clock::time_point deadline = Clock::now() + limit;
    const pid_t child = ::fork();
    if (child == 0) be_child(libraries, out.number());
    out.close();
    if (child < 0) {
        unasked.crash = fmt::format("could not be asked: {}", std::strerror(errno));
        return unasked;
    }
    std::string text;
    const bool ended = read_until(in.number(), deadline, text);
    if (!ended) ::kill(child, SIGKILL);
    int status = 0;
    // A process that hangs in the kernel cannot be killed: it is not waited for.
    const pid_t reaped = ::waitpid(child, &status, ended ? 0 : WNOHANG);

    std::string call = "the loader";
    DriverAnswer answer = answer_of(text, call);
    if (!ended) {
        answer.crash = fmt::format("did not answer within {} s in {}", limit.count() / 1000, call);
    } else if (reaped == child && WIFSIGNALED(status)) {
        answer.crash = fmt::format("died of signal {} in {}", WTERMSIG(status), call);
    }
    return answer;
}

}  // namespace aimlock
