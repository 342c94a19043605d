#pragma once

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace aimlock {

/// An open file's descriptor, closed with its owner. Negative: it could not be opened.
class OpenFile {
public:
    explicit OpenFile(int number) : number_(number) {}
    ~OpenFile() { close(); }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    [[nodiscard]] int number() const { return number_; }
    /// 0, or the errno of a close that failed: a full disk may say so only here.
    int close() { return number_ >= 0 && ::close(std::exchange(number_, -1)) != 0 ? errno : 0; }

private:
    int number_;
};

}  // namespace aimlock
