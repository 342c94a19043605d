#include "cli/render/console.hpp"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit_codes.hpp"
#include "cli/render/progress.hpp"
#include "cli/render/text.hpp"
#include "cli/signals.hpp"

namespace aimlock::cli {
namespace {

/// Writes all of `text`; the errno of the failure, 0 when it is written.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

class NoProgress final : public ProgressView {
public:
    void begin(std::string_view, std::uint64_t, bool) override {}
    void grow(std::uint64_t) override {}
    void advance(std::uint64_t) override {}
    void status(std::string_view) override {}
    void end() override {}
    void clear() override {}
    void print(std::string_view text) override { write_all(STDERR_FILENO, text); }
    void tick() override {}
};

}  // namespace

Console::Console(const GlobalOptions& options, const VariableLookup& variables)
    : options_(options),
      out_(inspect_terminal(STDOUT_FILENO, options.color, variables)),
      err_(inspect_terminal(STDERR_FILENO, options.color, variables)) {
    if (options_.quiet) return;
    // Without the lock of a progress view: its holder may hang in a write to this very terminal.
    const bool erase = err_.is_tty;
    set_last_words([erase] { write_all(STDERR_FILENO, erase ? "\r\x1b[2KInterrupted\n" : "Interrupted\n"); });
}

Console::~Console() {
    set_last_words({});
    end_progress();
}

void Console::say(std::string_view text) {
    if (!options_.quiet) complain(text);
}

void Console::complain(std::string_view text) {
    // When stderr cannot be written there is nobody left to tell.
    if (progress_)
        progress_->print(text);
    else
        write_all(STDERR_FILENO, text);
}

void Console::write(LogLevel level, std::string_view message) {
    const std::string text = escaped(redacted(message));
    switch (level) {
        case LogLevel::warning:
            return complain(paint_err().warning("warning:") + " " + text + "\n");
        case LogLevel::note:
            return say("note: " + text + "\n");
        case LogLevel::detail:
            if (options_.verbosity > 0) say(paint_err().dim(text) + "\n");
            return;
    }
}

Progress& Console::progress() {
    if (progress_) return *progress_;
    const auto write_frame = [](std::string_view text) { write_all(STDERR_FILENO, text); };
    if (options_.quiet) {
        progress_ = std::make_unique<NoProgress>();
    } else if (err_.is_tty) {
        const auto width = [] {
            return inspect_terminal(STDERR_FILENO, ColorChoice::never, process_variables()).width;
        };
        progress_ = std::make_unique<ProgressTty>(write_frame, width, steady_milliseconds);
    } else {
        progress_ = std::make_unique<ProgressPlain>(write_frame, steady_milliseconds);
    }
    ticker_ = std::make_unique<Ticker>(*progress_);
    return *progress_;
}

void Console::end_progress() {
    if (!progress_) return;
    ticker_.reset();
    progress_->clear();
    progress_.reset();
}

int Console::finish(int code) {
    end_progress();
    const int failure = write_all(STDOUT_FILENO, answer_);
    answer_.clear();
    if (failure == EPIPE) return exit_pipe_closed;
    if (failure != 0) {
        complain(paint_err().error("error:") + " cannot write to stdout: " + ::strerror(failure) +
                 "\n");  // NOLINT(concurrency-mt-unsafe)
        return exit_could_not;
    }
    return code;
}

}  // namespace aimlock::cli
