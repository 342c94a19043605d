#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "image/gpu_check/diagnosis.hpp"
#include "tests/support/temp_dir.hpp"

namespace aimlock::testing {

/// A host as a folder: its /proc, /dev, /sys and libraries.
class HostTree {
public:
    HostTree& text(const std::string& path, const std::string& content);
    HostTree& link(const std::string& path, const std::string& target);
    HostTree& without(const std::string& path);

    /// A copy of the fake driver as /folder/libcuda.so.<version> with its links, and the management library.
    HostTree& library(const std::string& folder, const std::string& version);
    HostTree& nodes(const std::vector<std::string>& names);
    HostTree& pci_gpu(const std::string& driver);
    HostTree& module(const std::string& version);

    /// A Linux machine whose driver 535.183.01 works.
    static HostTree machine();
    static HostTree wsl();
    static HostTree container();

    /// What is found, with a driver that answers as `told` (fake_driver.cpp).
    std::vector<GpuCheck> diagnosed(const std::string& told, const Variables& variables = {}) const;
    [[nodiscard]] DriverAnswer answered(const std::string& told,
                                        std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
    [[nodiscard]] const std::filesystem::path& root() const { return folder_->path(); }

private:
    std::shared_ptr<TempDir> folder_ = std::make_shared<TempDir>();
};

}  // namespace aimlock::testing
