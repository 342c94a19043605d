#pragma once

#include <filesystem>
#include <functional>

namespace aimlock::cli {

/// Makes SIGINT and SIGTERM end the program within a second, whatever it is doing (libsolv cannot be
/// interrupted): a thread of its own removes the registered temporary files, says the last words and raises
/// the signal again with its default action, so that the parent sees how it ended. SIGPIPE is ignored. Call
/// once, first thing in main.
void start_signal_thread();

/// What the signal thread does before it raises the signal again: clearing a progress line. It must not wait
/// for a lock.
void set_last_words(std::function<void()> words);

/// A file that is removed at the end of the scope or when a signal ends the program.
class TemporaryFile {
public:
    explicit TemporaryFile(std::filesystem::path path);
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// It was renamed to its final name: there is nothing to remove any more.
    void release();

private:
    std::filesystem::path path_;
};

}  // namespace aimlock::cli
