#include "fetch/git/run_git.hpp"

#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>

#include "fetch/atomic_file.hpp"
#include "fetch/child_process.hpp"
#include "fetch/registry/login.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

const std::vector<std::string> fixed_words{"git",
                                           "-c",
                                           "core.hooksPath=/dev/null",
                                           "-c",
                                           "core.fsmonitor=false",
                                           "-c",
                                           "transfer.fsckObjects=true",
                                           "-c",
                                           "fetch.recurseSubmodules=false",
                                           "-c",
                                           "gc.auto=0"};

/// The last lines of what it complained of, on one line.
std::string complaint(const std::filesystem::path& file) {
    std::string text = read_whole_file(file).value_or(std::string());
    while (text.ends_with('\n')) text.pop_back();
    if (text.size() > 400) text.erase(0, text.size() - 400);
    for (char& c : text) c = c == '\n' ? ';' : c;
    return text;
}

}  // namespace

GitRunner::GitRunner(std::filesystem::path folder, const Environment& environment)
    : folder_(std::move(folder)), variables_(environment.variables) {
    std::erase_if(variables_, [](const auto& variable) { return variable.first.starts_with("GIT_"); });
    variables_["GIT_TERMINAL_PROMPT"] = "0";
    variables_["GIT_ASKPASS"] = "true";
    variables_["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes";
    variables_["GIT_ALLOW_PROTOCOL"] = "https:ssh:file";
    variables_["GIT_DIR"] = (folder_ / "repository").string();
    variables_["LC_ALL"] = "C.UTF-8";
}

void GitRunner::log_in(const std::string& url, const std::string& user_and_password) {
    variables_["GIT_CONFIG_COUNT"] = "1";
    variables_["GIT_CONFIG_KEY_0"] = "http." + url + ".extraHeader";
    variables_["GIT_CONFIG_VALUE_0"] = basic_header(user_and_password);
}

Result<std::string> GitRunner::run(const std::vector<std::string>& arguments, const std::string& input) {
    const std::filesystem::path in = folder_ / "input";
    const std::filesystem::path out = folder_ / "output";
    const std::filesystem::path complaints = folder_ / "complaints";
    if (auto written = write_file_atomically(in, input); !written)
        return tl::make_unexpected(written.error());
    std::vector<std::string> words = fixed_words;
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables;
    for (const auto& [name, value] : variables_) variables.push_back(name + "=" + value);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_addopen(&actions, 2, complaints.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::pid_t child = 0;
    const int failed = ::posix_spawnp(&child, "git", &actions, nullptr, exec_list(words).data(),
                                      exec_list(variables).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return fail(ErrorCode::not_found,
                    fmt::format("cannot run the program `git`: {}", std::strerror(failed)),
                    "Install git: it fetches repositories.");
    }
    const auto status = wait_for_end(child);
    if (!status) return fail(ErrorCode::internal, "git is gone");
    if (*status != 0) return fail(ErrorCode::network, "git: " + complaint(complaints));
    auto printed = read_whole_file(out);
    if (!printed) return fail(ErrorCode::io, out.string() + ": cannot read");
    return std::move(*printed);
}

}  // namespace aimlock
