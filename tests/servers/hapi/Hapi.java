import ca.uhn.fhir.batch2.api.IJobMaintenanceService;
import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.interceptor.api.IInterceptorService;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binary.api.IBinaryStorageSvc;
import ca.uhn.fhir.jpa.binstore.DatabaseBinaryContentStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.interceptor.UserRequestRetryVersionConflictsInterceptor;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirPostgresDialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.parser.StrictErrorHandler;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Server;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.scheduling.TaskScheduler;

/**
 * HAPI FHIR's JPA server, R4, as an EHR's own would be: references must lead somewhere, unknown elements are refused. Run as
 * {@code Hapi PORT [JDBC_URL USER PASSWORD]}, port 0 for a free one; without a database it keeps all in memory. It listens on
 * this machine alone and says {@code ready fhir URL} when it can be asked.
 */
@Configuration
@Import({
  JpaR4Config.class,
  HapiJpaConfig.class,
  JpaBatch2Config.class,
  Batch2JobsConfig.class,
  ThreadPoolFactoryConfig.class,
  SubscriptionChannelConfig.class
})
public class Hapi {
  private static final String IN_MEMORY = "jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1";
  private static final int CONNECTIONS = 20;

  /** The job maintenance runs once a minute by itself, and an export needs several passes. */
  private static final Duration JOBS = Duration.ofSeconds(1);

  private static String[] words = {};

  private static String word(int place, String usual) {
    return words.length > place ? words[place] : usual;
  }

  @Bean
  JpaStorageSettings storageSettings() {
    JpaStorageSettings found = new JpaStorageSettings();
    found.setResourceServerIdStrategy(JpaStorageSettings.IdStrategyEnum.UUID);
    found.setEnforceReferentialIntegrityOnWrite(true);
    found.setEnforceReferentialIntegrityOnDelete(true);
    found.setAutoCreatePlaceholderReferenceTargets(false);
    found.setAllowInlineMatchUrlReferences(true);
    found.setHibernateSearchIndexSearchParams(false);
    return found;
  }

  @Bean
  PartitionSettings partitionSettings() {
    return new PartitionSettings();
  }

  @Bean
  SubscriptionSettings subscriptionSettings() {
    return new SubscriptionSettings();
  }

  @Bean
  IBinaryStorageSvc binaryStorage() {
    return new DatabaseBinaryContentStorageSvcImpl();
  }

  @Bean(destroyMethod = "close")
  DataSource dataSource() {
    BasicDataSource found = new BasicDataSource();
    found.setUrl(word(1, IN_MEMORY));
    found.setUsername(word(2, "sa"));
    found.setPassword(word(3, ""));
    found.setMaxTotal(CONNECTIONS);
    found.setMaxIdle(CONNECTIONS);
    return found;
  }

  @Bean
  LocalContainerEntityManagerFactoryBean entityManagerFactory(
      ConfigurableListableBeanFactory beans, DataSource source, FhirContext context, JpaStorageSettings storage) {
    boolean postgres = word(1, IN_MEMORY).startsWith("jdbc:postgresql");
    Properties properties = new Properties();
    properties.put("hibernate.dialect", (postgres ? HapiFhirPostgresDialect.class : HapiFhirH2Dialect.class).getName());
    properties.put("hibernate.hbm2ddl.auto", "update");
    properties.put("hibernate.search.enabled", "false");
    properties.put("hibernate.jdbc.batch_size", "20");
    properties.put("hibernate.order_inserts", "true");
    properties.put("hibernate.order_updates", "true");
    LocalContainerEntityManagerFactoryBean found =
        HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, context, storage);
    found.setPersistenceUnitName("fhir");
    found.setDataSource(source);
    found.setJpaProperties(properties);
    return found;
  }

  @Bean
  @Primary
  JpaTransactionManager transactionManager(EntityManagerFactory factory) {
    return new JpaTransactionManager(factory);
  }

  private static RestfulServer fhir(AnnotationConfigApplicationContext beans) {
    FhirContext context = beans.getBean(FhirContext.class);
    context.setParserErrorHandler(new StrictErrorHandler());
    RestfulServer found = new RestfulServer(context);
    found.setInterceptorService(beans.getBean(IInterceptorService.class));
    found.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    found.registerProviders(beans.getBean(JpaSystemProvider.class), beans.getBean(BulkDataExportProvider.class));
    found.setPagingProvider(beans.getBean(DatabaseBackedPagingProvider.class));
    found.registerInterceptor(new UserRequestRetryVersionConflictsInterceptor());
    found.setServerConformanceProvider(new JpaCapabilityStatementProvider(
        found,
        beans.getBean(IFhirSystemDao.class),
        beans.getBean(JpaStorageSettings.class),
        beans.getBean(ISearchParamRegistry.class),
        beans.getBean("myJpaValidationSupportChain", IValidationSupport.class)));
    return found;
  }

  /** Serves until the process is ended. */
  public static void main(String[] arguments) throws Exception {
    words = arguments;
    AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext(Hapi.class);
    beans
        .getBean("taskScheduler", TaskScheduler.class)
        .scheduleWithFixedDelay(beans.getBean(IJobMaintenanceService.class)::runMaintenancePass, JOBS);
    Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(word(0, "0"))));
    ServletContextHandler handler = new ServletContextHandler("/");
    handler.addServlet(new ServletHolder(fhir(beans)), "/fhir/*");
    server.setHandler(handler);
    server.start();
    int port = ((NetworkConnector) server.getConnectors()[0]).getLocalPort();
    System.out.println("ready fhir http://127.0.0.1:" + port + "/fhir");
    server.join();
  }
}
