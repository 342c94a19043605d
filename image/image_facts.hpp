#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "image/layers.hpp"
#include "lock/lockfile.hpp"
#include "lock/manifest/manifest.hpp"
#include "solver/base/result.hpp"

// What an image is told about itself, by a Dockerfile or in the configuration that is written directly.

namespace aimlock {

/// Where the environment lives in the image.
inline constexpr std::string_view image_prefix = "/opt/env";
/// What PATH is where a base does not set it.
inline constexpr std::string_view default_search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The command of the image: the manifest's, else JupyterLab where it is locked, else Python, else a shell.
std::vector<std::string> image_command(const Lock& lock, const LayerPlan& plan, const ImageManifest& image);

/// The ports of the image: the manifest's, else 8888 where JupyterLab is locked.
std::vector<unsigned> image_ports(const Lock& lock, const LayerPlan& plan, const ImageManifest& image);

/// "cuda>=12.2", the oldest driver that the lock says it needs, or, where it says none, that its packages
/// state; empty where they state none.
std::string required_cuda(const Lock& lock, const LockTarget& target);

/// The variables of the image: what the environment needs, then the manifest's. PATH only where the manifest
/// sets it: else it is the base's, the environment's bin/ before it.
std::map<std::string, std::string> image_environment(const Lock& lock,
                                                     const LayerPlan& plan,
                                                     const ImageManifest& image);

/// The labels of the image, in the order in which they are written. `name` is the workspace's.
std::vector<std::pair<std::string, std::string>> image_labels(const Lock& lock,
                                                              const LayerPlan& plan,
                                                              const ImageManifest& image,
                                                              const std::string& name);

/// The image to build on, with its digest where the lock knows it; empty: none is named.
std::string base_reference(const Lock& lock, const ImageManifest& image);

/// Refuses a user, working folder or variable that could mean something else where it is written.
Result<void> check_image_values(const ImageManifest& image);

/// The user of the image, where it is one by number that needs an account and a home of its own.
struct ImageAccount {
    std::uint32_t user = 0;
    std::uint32_t group = 0;
};
std::optional<ImageAccount> own_account(const ImageManifest& image);

}  // namespace aimlock
