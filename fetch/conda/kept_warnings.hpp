#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "solver/base/progress.hpp"

namespace aimlock {

/// Keeps what was said while a document was read: it is said again whenever its packed form is opened.
class KeptWarnings final : public Log {
public:
    void write(LogLevel level, std::string_view message) override {
        if (level == LogLevel::warning) said.emplace_back(message);
    }
    std::vector<std::string> said;
};

}  // namespace aimlock
