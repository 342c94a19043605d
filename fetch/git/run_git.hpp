#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fetch/environment.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// Runs the user's `git` in a repository of ours. It asks nobody anything, runs no hook, speaks https, ssh
/// and file and nothing else, and knows nothing of repositories that the calling process is in. The user's
/// own configuration holds: it says how people get in (credential helpers, keys, proxies, certificates).
class GitRunner {
public:
    /// `folder` exists; the repository is made in it, files for input and output lie beside it.
    GitRunner(std::filesystem::path folder, const Environment& environment);

    /// Sends "Authorization: Basic …" to what begins with `url`, by a variable: arguments are seen by others.
    void log_in(const std::string& url, const std::string& user_and_password);

    /// What the command printed, `input` being what it reads. Fails with code `network` and what it
    /// complained of, or `not_found` where there is no `git`.
    Result<std::string> run(const std::vector<std::string>& arguments, const std::string& input = {});

private:
    std::filesystem::path folder_;
    std::map<std::string, std::string, std::less<>> variables_;
};

}  // namespace aimlock
