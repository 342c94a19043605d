#include "cli/wiring/lock_in_use.hpp"

#include <fmt/core.h>

#include "cli/wiring/files.hpp"

namespace aimlock::cli {

Result<Lock> read_lock_file(const std::filesystem::path& file) {
    auto text = read_text_file(file, "lock");
    if (!text) {
        if (text.error().code == ErrorCode::not_found)
            text.error().hint = "run `aimlock solve` to make one, or name it with `--lock`";
        return tl::make_unexpected(std::move(text).error());
    }
    return read_lock(*text, file.string());
}

Result<std::string> choose_target(const Lock& lock, const std::string& given) {
    std::string known;
    for (const LockTarget& target : lock.targets) known += (known.empty() ? "" : ", ") + target.name;
    if (!given.empty()) {
        if (lock.target(given) != nullptr) return given;
        return fail(ErrorCode::usage, fmt::format("the lock has no target `{}`", given),
                    "its targets are " + known);
    }
    if (lock.targets.size() == 1) return lock.targets.front().name;
    return fail(ErrorCode::usage, fmt::format("the lock has {} targets", lock.targets.size()),
                "name one with `--target`: " + known);
}

}  // namespace aimlock::cli
