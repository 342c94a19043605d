#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cli/render/terminal.hpp"
#include "solver/base/progress.hpp"

namespace aimlock::cli {

/// The flags that every command has.
struct GlobalOptions {
    bool json = false;
    ColorChoice color = ColorChoice::automatic;
    bool offline = false;
    bool refresh = false;  ///< of the commands that solve
    bool quiet = false;
    int verbosity = 0;
};

/// A Progress that is shown on stderr and steps aside for other lines.
class ProgressView : public Progress {
public:
    /// Takes a drawn frame off the terminal; the next call may draw it again.
    virtual void clear() = 0;
    /// Writes lines for people where the frame was.
    virtual void print(std::string_view text) = 0;
    /// Draws what has become due: work may go on for long without a call.
    virtual void tick() = 0;
};

class Ticker;

/// The two streams of the program. stdout carries answers and documents, stderr the account of what was done.
class Console final : public Log {
public:
    Console(const GlobalOptions& options, const VariableLookup& variables);
    ~Console() override;
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    /// Text for stdout. Held until `finish`, so that a failing run leaves no half document.
    void answer(std::string_view text) { answer_ += text; }
    /// Lines for people on stderr; nothing with -q.
    void say(std::string_view text);
    /// Errors and warnings on stderr, also with -q.
    void complain(std::string_view text);
    /// Log: warnings always, notes unless -q, details with -v.
    void write(LogLevel level, std::string_view message) override;

    /// Shows work under way on stderr: frames on a terminal, lines elsewhere, nothing with -q.
    Progress& progress();
    /// Takes the progress frame away for good.
    void end_progress();

    /// Writes stdout. Returns `code`, or 2 where stdout could not be written (a full disk), or 141 where its
    /// reader is gone.
    int finish(int code);

    [[nodiscard]] const GlobalOptions& options() const { return options_; }
    [[nodiscard]] const Terminal& out() const { return out_; }
    [[nodiscard]] const Terminal& err() const { return err_; }
    [[nodiscard]] Painter paint_err() const { return Painter(err_.color); }
    [[nodiscard]] Painter paint_out() const { return Painter(out_.color); }

private:
    GlobalOptions options_;
    Terminal out_;
    Terminal err_;
    std::string answer_;
    std::unique_ptr<ProgressView> progress_;
    std::unique_ptr<Ticker> ticker_;  // ends before the view that it calls
};

}  // namespace aimlock::cli
