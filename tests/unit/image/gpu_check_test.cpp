#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "image/gpu_check/diagnosis.hpp"
#include "tests/unit/image/gpu_object.hpp"
#include "tests/unit/image/host_tree.hpp"
#include "tests/unit/image/sample_environment.hpp"

namespace aimlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HostTree;

/// The faults among `checks`: "error no-driver".
std::vector<std::string> faults_of(const std::vector<GpuCheck>& checks) {
    std::vector<std::string> faults;
    for (const GpuCheck& check : checks) {
        if (check.level == CheckLevel::error) faults.push_back("error " + check.fault);
        if (check.level == CheckLevel::warn) faults.push_back("warn " + check.fault);
        if (check.level == CheckLevel::note) faults.push_back("note " + check.fault);
    }
    return faults;
}

class GpuCheckTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (!can_ask_driver()) GTEST_SKIP() << "the static program loads no libraries";
    }
};

TEST_F(GpuCheckTest, FindsNoFaultWhereTheDriverWorks) {
    for (const HostTree& tree : {HostTree::machine(), HostTree::wsl(), HostTree::container()}) {
        const auto checks = tree.diagnosed("cuda=12040 release=535.183.01");
        EXPECT_THAT(faults_of(checks), ElementsAre());
        EXPECT_THAT(checks[1].message, HasSubstr("535.183.01 supports CUDA 12.4"));
        EXPECT_EQ(checks[2].message, "Fake GPU, sm_89, 24.0 GiB: ran a kernel, all results right");
    }
}

struct Case {
    const char* name;
    HostTree (*host)();
    void (*seed)(HostTree& tree);
    const char* told;
    const char* fault;
    const char* words;  // in the message
    Variables variables = {};
    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class SeededFault : public ::testing::TestWithParam<Case> {};

TEST_P(SeededFault, IsNamedAloneWithWhatToDo) {
    if (!can_ask_driver()) GTEST_SKIP() << "the static program loads no libraries";
    const Case& c = GetParam();
    HostTree tree = c.host();
    c.seed(tree);
    const auto checks = tree.diagnosed(c.told, c.variables);
    EXPECT_THAT(faults_of(checks), ElementsAre(std::string("error ") + c.fault));
    const auto found = std::ranges::find(checks, std::string(c.fault), &GpuCheck::fault);
    ASSERT_NE(found, checks.end());
    EXPECT_THAT(found->message, HasSubstr(c.words));
    const bool curable = std::string_view(c.fault) != "no-gpu";
    EXPECT_EQ(!found->help.empty(), curable);
}

constexpr const char* init_100 = "cuInit=100";
const char* const debian_library = "usr/lib/x86_64-linux-gnu/libcuda.so.1";

INSTANTIATE_TEST_SUITE_P(
    Machine,
    SeededFault,
    ::testing::Values(
        Case{"no_driver", HostTree::machine,
             [](HostTree& h) {
                 h.without("usr").without("proc/driver").without("proc/modules").without("dev").pci_gpu("");
             },
             "", "no-driver", "neither libcuda.so.1 nor a kernel module nor /dev/nvidia0"},
        Case{
            "no_gpu", HostTree::machine,
            [](HostTree& h) {
                h.without("usr").without("proc/driver").without("proc/modules").without("dev").without("sys");
                h.text("sys/bus/pci/devices/0000:00:02.0/vendor", "0x8086\n");
            },
            "", "no-gpu", "no NVIDIA GPU"},
        Case{"library_without_nodes", HostTree::machine, [](HostTree& h) { h.without("dev"); }, init_100,
             "no-device-nodes", "/dev/nvidia0 is missing"},
        Case{"no_control_node", HostTree::machine, [](HostTree& h) { h.without("dev/nvidiactl"); }, init_100,
             "no-device-nodes", "/dev/nvidiactl is missing"},
        Case{"no_uvm", HostTree::machine, [](HostTree& h) { h.without("dev/nvidia-uvm"); }, "cuInit=999",
             "no-uvm-node", "/dev/nvidia-uvm is missing"},
        Case{"nodes_without_library", HostTree::machine, [](HostTree& h) { h.without("usr"); }, "",
             "no-library", "libcuda.so.1 is missing"},
        Case{"module_not_loaded", HostTree::machine,
             [](HostTree& h) { h.without("proc/driver").without("proc/modules").without("dev"); }, init_100,
             "module-not-loaded", "module nvidia is not loaded"},
        Case{"version_mismatch", HostTree::machine, [](HostTree& h) { h.module("550.54.14"); }, "cuInit=803",
             "version-mismatch", "is of driver 535.183.01, the kernel module of 550.54.14"},
        Case{"open_module_mismatch", HostTree::machine,
             [](HostTree& h) {
                 h.text(
                     "proc/driver/nvidia/version",
                     "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build\n");
             },
             "cuInit=803", "version-mismatch", "the kernel module of 560.35.03"},
        Case{"nouveau", HostTree::machine,
             [](HostTree& h) {
                 h.without("proc/driver")
                     .without("dev")
                     .text("proc/modules", "nouveau 1 0 - Live 0x0\n")
                     .pci_gpu("nouveau");
             },
             init_100, "nouveau", "0000:01:00.0 is held by nouveau"},
        Case{"vfio", HostTree::machine, [](HostTree& h) { h.without("dev").pci_gpu("vfio-pci"); }, init_100,
             "vfio", "vfio-pci"},
        Case{"broken_library", HostTree::machine, [](HostTree& h) { h.text(debian_library, "no library"); },
             "", "library-broken", "does not load"},
        Case{"hidden",
             HostTree::machine,
             [](HostTree&) {},
             "count=0",
             "hidden-devices",
             "CUDA_VISIBLE_DEVICES is ``",
             {{"CUDA_VISIBLE_DEVICES", ""}}},
        Case{"mig", HostTree::machine,
             [](HostTree& h) { h.text("proc/driver/nvidia/capabilities/gpu0/mig/x", ""); },
             "cuInit=100 mig=1", "mig-no-instance", "1 GPU is in MIG mode without a GPU instance"},
        Case{"mig_with_instance", HostTree::machine,
             [](HostTree& h) { h.text("proc/driver/nvidia/capabilities/gpu0/mig/gi1/access", ""); },
             "cuInit=100 mig=1", "no-device", "shows no GPU"},
        Case{"management_mismatch", HostTree::machine, [](HostTree&) {}, "nvmlInit_v2=18 cuInit=999",
             "version-mismatch", "two releases"},
        Case{"fabric", HostTree::machine, [](HostTree&) {}, "cuInit=802", "fabric-manager", "802"},
        Case{"stub", HostTree::machine, [](HostTree&) {}, "cuInit=34", "stub-library", "stub"},
        Case{"compat", HostTree::machine, [](HostTree&) {}, "cuInit=804", "compat-library", "cuda-compat"},
        Case{"unknown", HostTree::machine, [](HostTree&) {}, "cuInit=999", "driver-error",
             "cuInit: CUDA_ERROR_FAKED (999)"},
        Case{"crash", HostTree::machine, [](HostTree&) {}, "crash=cuInit", "driver-crashed",
             "died of signal 11 in cuInit"},
        Case{"kernel", HostTree::machine, [](HostTree&) {}, "cuModuleLoadData=222", "kernel-failed",
             "cuModuleLoadData"},
        Case{"wrong", HostTree::machine, [](HostTree&) {}, "wrong=3", "kernel-wrong", "3 of 16384 results"},
        Case{"no_toolkit", HostTree::machine, [](HostTree& h) { h.text("usr/bin/docker", ""); }, "",
             "no-toolkit", "/usr/bin/docker is here"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Container,
    SeededFault,
    ::testing::Values(Case{"without_gpus", HostTree::container,
                           [](HostTree& h) { h.without("dev").without("usr"); }, "", "container-without-gpu",
                           "neither /dev/nvidia0 nor libcuda.so.1"},
                      Case{"capabilities",
                           HostTree::container,
                           [](HostTree& h) { h.without("usr"); },
                           "",
                           "container-capabilities",
                           "without compute",
                           {{"NVIDIA_DRIVER_CAPABILITIES", "utility"}}},
                      Case{"no_library", HostTree::container, [](HostTree& h) { h.without("usr"); }, "",
                           "no-library", "not in the container"},
                      Case{"library_of_the_image", HostTree::container,
                           [](HostTree& h) { h.module("550.54.14"); }, "cuInit=803", "version-mismatch",
                           "550.54.14"}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Wsl,
    SeededFault,
    ::testing::Values(Case{"no_dxg", HostTree::wsl, [](HostTree& h) { h.without("dev"); }, init_100,
                           "wsl-no-dxg", "/dev/dxg is missing"},
                      Case{"no_library", HostTree::wsl, [](HostTree& h) { h.without("usr/lib/wsl"); }, "",
                           "wsl-no-library", "/usr/lib/wsl/lib/libcuda.so.1 is missing"},
                      Case{"linux_driver", HostTree::wsl,
                           [](HostTree& h) {
                               h.library("usr/lib/x86_64-linux-gnu", "535.183.01");
                               h.without("etc/ld.so.conf.d");
                           },
                           init_100, "wsl-linux-driver", "is a Linux driver (535.183.01)"},
                      Case{"container_without_gpus", HostTree::wsl,
                           [](HostTree& h) { h.without("dev").text(".dockerenv", ""); }, init_100,
                           "container-without-gpu", "/dev/dxg is missing"}),
    [](const auto& test) { return test.param.name; });

TEST_F(GpuCheckTest, NamesNodesThatTheUserMayNotOpen) {
    HostTree tree = HostTree::machine();
    const auto node = tree.root() / "dev/nvidiactl";
    std::filesystem::permissions(node, std::filesystem::perms::none);
    // Root may open everything: the files are read as somebody else.
    const bool root = ::geteuid() == 0;
    std::filesystem::permissions(tree.root(), std::filesystem::perms::all);
    ASSERT_TRUE(!root || ::seteuid(65534) == 0);
    const GpuHost host = read_gpu_host(tree.root(), {});
    ASSERT_TRUE(!root || ::seteuid(0) == 0);
    const auto checks = diagnose(host, tree.answered(init_100), {});
    EXPECT_THAT(faults_of(checks), ElementsAre("error node-permission"));
    EXPECT_THAT(checks.back().message, HasSubstr("may not open /dev/nvidiactl"));
}

TEST_F(GpuCheckTest, TakesTheDriversProofForMoreThanFiles) {
    // nvidia-modprobe makes the nodes when the driver starts.
    EXPECT_THAT(faults_of(HostTree::machine().without("dev").diagnosed("")),
                ElementsAre("note no-device-nodes"));
}

TEST_F(GpuCheckTest, WarnsWhereTheLoaderDoesNotFindTheDriverOfWindows) {
    EXPECT_THAT(faults_of(HostTree::wsl().without("etc/ld.so.conf.d").diagnosed("")),
                ElementsAre("warn wsl-not-searched"));
}

TEST_F(GpuCheckTest, TakesDockerDesktopForItsOwnToolkit) {
    HostTree tree = HostTree::wsl();
    tree.link("usr/bin/docker", "/mnt/wsl/docker-desktop/cli-tools/usr/bin/docker");
    EXPECT_THAT(faults_of(tree.diagnosed("")), ElementsAre());
    tree.link("usr/bin/docker", "docker.io").text("usr/bin/nvidia-ctk", "");
    EXPECT_THAT(faults_of(tree.diagnosed("")), ElementsAre());
}

TEST_F(GpuCheckTest, EndsADriverThatHangs) {
    const DriverAnswer answer = HostTree::machine().answered("hang=cuInit", std::chrono::milliseconds(1000));
    EXPECT_EQ(answer.crash, "did not answer within 1 s in cuInit");
    EXPECT_EQ(answer.cuda, 12040);  // what it said before
}

TEST_F(GpuCheckTest, AsksEveryGpu) {
    const DriverAnswer answer = HostTree::machine().answered("count=3 cc=120");
    ASSERT_EQ(answer.gpus.size(), 3U);
    EXPECT_EQ(answer.gpus[2].major, 12U);
    EXPECT_EQ(answer.gpus[2].minor, 0U);
    EXPECT_TRUE(answer.proven());
}

TEST(FolderCheck, WarnsOfDisksOfWindowsInWslAlone) {
    GpuHost host;
    EXPECT_FALSE(diagnose_folder(host, "/mnt/c/work"));
    host.wsl = true;
    EXPECT_TRUE(diagnose_folder(host, "/mnt/c/work"));
    EXPECT_TRUE(diagnose_folder(host, "/mnt/d"));
    for (const char* own : {"/home/me", "/mnt", "/mnt/", "/mnt/data/work", "/mnt/wsl"})
        EXPECT_FALSE(diagnose_folder(host, own)) << own;
}

class TargetCheck : public ::testing::Test {
protected:
    static DriverAnswer driver(int cuda, unsigned major = 8, unsigned minor = 9) {
        DriverAnswer answer;
        answer.cuda = cuda;
        answer.gpus = {{"GPU", major, minor, 0, true, {}}};
        return answer;
    }
    static Lock lock(std::vector<std::string> fleet = {}) {
        Lock made = testing::lock_of({testing::conda_package("python", 1, {"__cuda >=12.1"})});
        made.targets.front().cuda_arch = std::move(fleet);
        return made;
    }
    static UnpackedStore empty_store() { return UnpackedStore("/nonexistent"); }
    static std::vector<std::string> faults(const Lock& lock, const DriverAnswer& answer) {
        return faults_of(diagnose_lock(lock, "linux-64", "", answer, empty_store()));
    }
};

TEST_F(TargetCheck, HoldsTheDriverToTheLocksCuda) {
    EXPECT_THAT(faults(lock(), driver(12020)), ElementsAre());
    EXPECT_THAT(faults(lock(), driver(13000)), ElementsAre());
    EXPECT_THAT(faults(lock(), driver(12010)), ElementsAre("warn driver-older-than-target"));
    EXPECT_THAT(faults(lock(), driver(12000)), ElementsAre("error driver-too-old"));
    EXPECT_THAT(faults(lock(), driver(11080)), ElementsAre("error driver-too-old"));
    EXPECT_THAT(faults(lock(), driver(0)), ElementsAre("error lock-needs-gpu"));
    EXPECT_THAT(diagnose_lock(lock(), "linux-64", "", driver(11080), empty_store()).front().help,
                HasSubstr("525.60.13"));
}

TEST_F(TargetCheck, HoldsEveryGpuToTheFleet) {
    EXPECT_THAT(faults(lock({"8.6"}), driver(12040, 8, 9)), ElementsAre());
    EXPECT_THAT(faults(lock({"8.6"}), driver(12040, 8, 0)), ElementsAre("error gpu-not-in-target"));
    EXPECT_THAT(faults(lock({"8.6"}), driver(12040, 9, 0)), ElementsAre("error gpu-not-in-target"));
    EXPECT_THAT(faults(lock({"8.6", "9.0"}), driver(12040, 9, 0)), ElementsAre());
}

TEST_F(TargetCheck, OneTargetOfSeveralIsEnough) {
    Lock two = lock({"8.6"});
    LockTarget cpu = two.targets.front();
    cpu.name = "cpu";
    std::erase_if(cpu.virtual_packages, [](const VirtualPackage& v) { return v.name == "__cuda"; });
    two.targets.push_back(cpu);
    // A CPU target runs everywhere: it does not excuse the other one.
    EXPECT_THAT(faults(two, driver(12040, 9, 0)), ElementsAre("error gpu-not-in-target"));
    LockTarget hopper = two.targets.front();
    hopper.name = "hopper";
    hopper.cuda_arch = {"9.0"};
    two.targets.push_back(hopper);
    EXPECT_THAT(faults(two, driver(12040, 9, 0)), ElementsAre("note gpu-not-in-target"));
    EXPECT_THAT(faults_of(diagnose_lock(two, "linux-64", "gpu", driver(12040, 9, 0), empty_store())),
                ElementsAre("error gpu-not-in-target"));
    EXPECT_THAT(faults_of(diagnose_lock(two, "linux-aarch64", "", driver(12040), empty_store())),
                ElementsAre("error no-target-for-platform"));
}

TEST_F(TargetCheck, HoldsTheCodeOfUnpackedPackagesToEveryGpu) {
    const testing::TempDir folder;
    const UnpackedStore store(folder.path());
    Lock made = lock({"8.6", "12.0"});
    made.packages.push_back({testing::wheel("kernels", 1), {"gpu"}});
    made.packages.back().package.sha256 = sha256_of("kernels");
    const auto with = [&](const DriverAnswer& answer) {
        return diagnose_code(made, made.targets.front(), answer, store);
    };
    EXPECT_TRUE(with(driver(12040)).empty()) << "nothing is unpacked: nothing is said";

    const auto unpacked =
        store.find_or_unpack(sha256_of("kernels"), false, [](FileSink& sink) -> Result<PackagedFiles> {
            PackagedFiles package;
            package.files.emplace_back().path = "kernels/_C.so";
            EXPECT_TRUE(sink.expect(package));
            auto out = sink.create(0, package.files[0]);
            const std::string bytes =
                testing::object(testing::fatbin(testing::entry(2, 80) + testing::entry(1, 90, 0, 8, 4)));
            EXPECT_TRUE(out->append(bytes));
            package.files[0].size_bytes = bytes.size();
            const auto written = out->finish();
            package.files[0].sha256 = written->sha256;
            package.files[0].changed_ns = written->changed_ns;
            return package;
        });
    ASSERT_TRUE(unpacked) << unpacked.error().message;
    // The lock's target has a driver of CUDA 12.2, too old for the PTX; this host has one of 12.4.
    EXPECT_THAT(faults_of(with(driver(12040, 8, 6))),
                ElementsAre("warn no-kernel-for-fleet", "note code-not-read"));
    EXPECT_THAT(faults_of(with(driver(12040, 12, 0))), ElementsAre("note code-not-read"));
    const auto checks = with(driver(12020, 12, 0));
    EXPECT_THAT(faults_of(checks), ElementsAre("error no-kernel-for-gpu", "note code-not-read"));
    EXPECT_EQ(checks[0].message,
              "kernels has no kernel for 12.0: its objects hold sm_80 compute_90, and PTX that is newer than "
              "the driver");
}

}  // namespace
}  // namespace aimlock
